import { join } from "node:path"
import { execa, type ResultPromise } from "execa"
import { PROJECT_ROOT } from "../../src/paths.js"

/** The engine command as a program of its own, for what cannot be seen from inside: kills, two at once, another network namespace. */
export const ENGINE_PROGRAM = [
  process.execPath,
  "--import",
  "tsx",
  join(PROJECT_ROOT, "src", "cli.ts"),
  "engine",
] as const

/** Starts `runner-images engine …`. It is awaited like any execa process and never rejects. */
export function engine(
  args: readonly string[],
  env: Record<string, string> = {},
): ResultPromise<{ reject: false; cwd: string; env: Record<string, string> }> {
  const [program, ...first] = ENGINE_PROGRAM
  return execa(program, [...first, ...args], { reject: false, cwd: PROJECT_ROOT, env })
}
