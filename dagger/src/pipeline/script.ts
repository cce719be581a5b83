import { readFileSync } from "node:fs"

/** The text of a program in `dagger/scripts/`, which lies beside the module's source on both doors. */
export function script(name: string): string {
  return readFileSync(new URL(`../../scripts/${name}`, import.meta.url), "utf8")
}
