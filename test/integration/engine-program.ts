import { join } from "node:path"
import { execa } from "execa"
import { PROJECT_ROOT } from "../../src/host/paths.js"

/** The engine command as a program of its own, for what cannot be seen from inside: kills, two at once, another network namespace. */
export const ENGINE_PROGRAM = [
  process.execPath,
  "--import",
  "tsx",
  join(PROJECT_ROOT, "src", "cli.ts"),
  "engine",
] as const

const [program, ...first] = ENGINE_PROGRAM
const start = (args: readonly string[], env: Record<string, string>) =>
  execa(program, [...first, ...args], { reject: false, cwd: PROJECT_ROOT, env })

/** Starts `runner-images engine …`. It is awaited like any execa process and never rejects. */
export function engine(args: readonly string[], env: Record<string, string> = {}): ReturnType<typeof start> {
  return start(args, env)
}
