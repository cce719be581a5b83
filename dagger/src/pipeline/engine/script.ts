import { readdirSync, readFileSync } from "node:fs"

/** Lies beside the module's source for both entry points. */
const SCRIPTS = new URL("../../../scripts/", import.meta.url)

/** The text of a program in `dagger/scripts/`. */
export function script(name: string): string {
  return readFileSync(new URL(name, SCRIPTS), "utf8")
}

/** The text of every file of a folder in `dagger/scripts/` and below it, by its path in there. */
export function scripts(folder: string): Record<string, string> {
  const entries = readdirSync(new URL(folder, SCRIPTS), { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )
  return Object.fromEntries(
    entries.flatMap((entry): [string, string][] => {
      const path = `${folder}/${entry.name}`
      if (!entry.isDirectory()) return [[entry.name, script(path)]]
      return Object.entries(scripts(path)).map(([name, text]) => [`${entry.name}/${name}`, text])
    }),
  )
}
