import { readdirSync, readFileSync } from "node:fs"

/** Lies beside the module's source on both doors. */
const SCRIPTS = new URL("../../scripts/", import.meta.url)

/** The text of a program in `dagger/scripts/`. */
export function script(name: string): string {
  return readFileSync(new URL(name, SCRIPTS), "utf8")
}

/** All programs of a folder in `dagger/scripts/`: file name → text. */
export function scripts(folder: string): Record<string, string> {
  const names = readdirSync(new URL(folder, SCRIPTS)).sort()
  return Object.fromEntries(names.map((name) => [name, script(`${folder}/${name}`)]))
}
