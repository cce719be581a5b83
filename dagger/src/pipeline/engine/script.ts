import { readdirSync, readFileSync } from "node:fs"

/** Both entry points find it next to the module's source. */
const SCRIPTS = new URL("../../../scripts/", import.meta.url)

/** The text of a program in `dagger/scripts/`. */
export function script(name: string): string {
  return readFileSync(new URL(name, SCRIPTS), "utf8")
}

/** The texts of programs in `dagger/scripts/`, by their names. */
export function scripts(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, script(name)]))
}

/** The text of every file in a folder of `dagger/scripts/` and below, by its path in that folder. */
export function scriptsIn(folder: string): Record<string, string> {
  const entries = readdirSync(new URL(folder, SCRIPTS), { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )
  return Object.fromEntries(
    entries.flatMap((entry): [string, string][] => {
      const path = `${folder}/${entry.name}`
      if (!entry.isDirectory()) return [[entry.name, script(path)]]
      return Object.entries(scriptsIn(path)).map(([name, text]) => [`${entry.name}/${name}`, text])
    }),
  )
}
