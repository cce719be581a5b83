import { readFileSync } from "node:fs"
import { join } from "node:path"
import { ROOT } from "./version.mjs"

/** Adds what the file `.env` beside the programs has to the environment, for jobs, as the real runner does: `NAME=value` in each line. */
export function loadDotEnv() {
  let text
  try {
    text = readFileSync(join(ROOT, ".env"), "utf8")
  } catch {
    return
  }
  for (const line of text.split("\n")) {
    const separator = line.indexOf("=")
    if (separator > 0) process.env[line.slice(0, separator)] = line.slice(separator + 1)
  }
}
