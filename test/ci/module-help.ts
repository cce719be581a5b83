import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** The Dagger module's interface, read from what `dagger call --help` printed in the end-to-end tests, which compare it with the real one. */

export interface FunctionHelp {
  name: string
  /** Types by name; an empty type is a switch. */
  arguments: ReadonlyMap<string, string>
  required: ReadonlySet<string>
  /** What can be called on the result. */
  functions: ReadonlySet<string>
}

const SNAPSHOT = fileURLToPath(new URL("../e2e/__snapshots__/module.test.ts.snap", import.meta.url))

/** Functions of Dagger's own types that our documents use, with their arguments. Their help is not recorded. */
const DAGGER: Record<string, Record<string, string>> = {
  export: { path: "string", wipe: "" },
  terminal: { cmd: "strings" },
  file: { path: "string" },
  contents: {},
  line: {},
  "with-exec": { args: "strings" },
  stdout: {},
}

/** The options of `dagger` itself, before `call`. */
export const DAGGER_OPTIONS = ["--progress", "--silent", "--quiet", "--debug"]

function read(): {
  program: FunctionHelp & { options: ReadonlyMap<string, string> }
  functions: Map<string, FunctionHelp>
} {
  const texts = new Map<string, string>()
  for (const [, name = "", text = ""] of readFileSync(SNAPSHOT, "utf8").matchAll(
    /^exports\[`the module's interface > (.*) --help 1`\] = `\n([^]*?)\n`;$/gm,
  ))
    texts.set(name, text)
  const functions = new Map<string, FunctionHelp>()
  for (const [name, types] of Object.entries(DAGGER))
    functions.set(name, {
      name,
      arguments: new Map(Object.entries(types)),
      required: new Set(),
      functions: new Set(Object.keys(DAGGER)),
    })
  for (const [name, text] of texts) if (name !== "") functions.set(name, helpOf(name, text))
  const root = texts.get("")
  if (root === undefined) throw new Error(`${SNAPSHOT} has no help of the module`)
  const options = new Map([...typesIn(part(root, "OPTIONS")), ...typesIn(part(root, "INHERITED OPTIONS"))])
  return { program: { ...helpOf("the module", root), options }, functions }
}

function helpOf(name: string, text: string): FunctionHelp {
  const given = part(text, "ARGUMENTS")
  const required = [...given.matchAll(/^ {6}--([a-z-]+) [^]*?(?=^ {6}--|$(?![^]))/gm)]
    .filter(([all]) => all.includes("[required]"))
    .map(([, argument = ""]) => argument)
  const functions = [...part(text, "FUNCTIONS").matchAll(/^ {2}([a-z][a-z0-9-]*)/gm)].map(([, called = ""]) => called)
  return { name, arguments: typesIn(given), required: new Set(required), functions: new Set(functions) }
}

/** The lines below a heading, up to the next one. */
function part(text: string, heading: string): string {
  return new RegExp(`^${heading}\\n([^]*?)(?=^[A-Z][A-Z ]+$|$(?![^]))`, "m").exec(text)?.[1] ?? ""
}

/** `--platforms []Platform   Platforms to build` ⇒ platforms: []Platform; `--native   Fail …` ⇒ native: "" */
function typesIn(text: string): Map<string, string> {
  const lines = text.matchAll(/^(?: {6}| {2}-\w, )--([a-z-]+)(?: ([[\]\w]+))?(?= {2,}|$)/gm)
  return new Map([...lines].map(([, name = "", type = ""]) => [name, type]))
}

export const MODULE_HELP = read()
