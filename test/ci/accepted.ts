import { existsSync, readFileSync } from "node:fs"
import { PassThrough } from "node:stream"
import { parseRepository, parseTags } from "../../dagger/src/core/text/reference.js"
import { composeRequest } from "../../dagger/src/core/plan/compose-request.js"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { parser } from "../../src/commands/parser.js"
import { listOf } from "../../src/input/options.js"
import { PlainTerminal } from "../../src/output/plain.js"
import { Interrupts } from "../../src/session/interrupt.js"
import { MODULE_HELP, type FunctionHelp } from "./module-help.js"

/** Whether the programs would accept a command line. Nothing is run. Each function gives what is wrong, or nothing. */

/** Thrown by the middleware in place of running the command. */
class Accepted extends Error {
  constructor(readonly argv: Record<string, unknown>) {
    super("accepted")
  }
}

/** A script's own arguments, passed on: any number of words, and none at least. */
const ALL_ARGUMENTS = '"$@"'

/** A value that only a running shell knows, or that stands for the reader's own: `"$TAG"`, `TAG`, `OWNER/NAME`, `…`. */
const isPlaceholder = (value: string): boolean => /[$…]|\b[A-Z]{2,}\b/.test(value)

/**
 * What the command line's own parser says against `./runner-images WORDS`, and what the request itself has wrong: a variant or platform that
 * there is not, a repository with a tag.
 */
export async function refusedByCommandLine(words: readonly string[]): Promise<string | undefined> {
  const terminal = new PlainTerminal(new PassThrough())
  const context = { terminal, interrupts: new Interrupts(() => undefined), answer: () => undefined }
  try {
    await parser(context)
      .middleware((argv) => {
        throw new Accepted(argv)
      })
      // With a callback, yargs prints nothing.
      .parseAsync(
        words.filter((word) => word !== ALL_ARGUMENTS),
        {},
        () => undefined,
      )
    // Help and versions are answers by themselves.
    return words.some((word) => ["--help", "--version"].includes(word)) ? undefined : "it is no command"
  } catch (error) {
    if (error instanceof Accepted) return refusedRequest(error.argv)
    return messageOf(error)
  } finally {
    terminal.close()
  }
}

function refusedRequest(argv: Record<string, unknown>): string | undefined {
  const known = (name: string) => {
    const value = argv[name]
    return typeof value === "string" && !isPlaceholder(value) ? value : undefined
  }
  const list = (name: string) => {
    const values = Array.isArray(argv[name]) ? listOf(argv[name].map(String)) : undefined
    return values?.some(isPlaceholder) ? undefined : values
  }
  try {
    composeRequest({
      platforms: list("platforms"),
      // A definition may name another one.
      variants: argv.definition === undefined ? list("variants") : undefined,
      sources: known("sources"),
      runner: known("runner"),
      base: known("base"),
      compression: known("compression"),
      mirror: known("mirror"),
      sudo: argv.sudo === true,
      root: argv.root === true,
      cjkFonts: false,
      refresh: false,
    })
    const repository = known("repository")
    if (repository !== undefined) parseRepository(repository)
    const tags = list("tags")
    if (tags !== undefined) parseTags(tags)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

const messageOf = (error: unknown): string =>
  error instanceof RunnerImagesError ? `${error.problem} ${error.remedy}` : String(error)

/** What the module's interface, as the end-to-end tests found it, says against `dagger call WORDS`. */
export function refusedByModule(words: readonly string[]): string | undefined {
  const options = optionsOf(MODULE_HELP.program)
  let current: FunctionHelp = MODULE_HELP.program
  const given = new Set<string>()
  const missing = () => [...current.required].find((name) => !given.has(name))
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? ""
    if (word === "…") continue
    const [, name, , value] = /^--([a-z-]+)(=(.*))?$/.exec(word) ?? []
    if (name === "help") return undefined
    if (name !== undefined) {
      const type = current.arguments.get(name) ?? options.get(name)
      if (type === undefined) return `${current.name} has no argument --${name}`
      given.add(name)
      if (type !== "" && value === undefined) {
        index += 1
        if (words[index] === undefined) return `--${name} has no value`
      }
      continue
    }
    if (/^-[a-z]$/i.test(word)) continue
    const lacks = missing()
    if (lacks !== undefined) return `${current.name} needs --${lacks}`
    if (!current.functions.has(word)) return `${current.name} has no function "${word}"`
    current = MODULE_HELP.functions.get(word) ?? {
      name: word,
      arguments: new Map(),
      functions: new Set(),
      required: new Set(),
    }
    given.clear()
  }
  const lacks = missing()
  if (lacks !== undefined) return `${current.name} needs --${lacks}`
  return current === MODULE_HELP.program ? "no function is called" : undefined
}

const optionsOf = ({ options }: FunctionHelp & { options: ReadonlyMap<string, string> }) => options

/** What is wrong with a call of npm: a script that package.json does not have. */
export function refusedByNpm(words: readonly string[]): string | undefined {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> }
  const [command = "", ...rest] = words.filter((word) => !word.startsWith("-"))
  const script = command === "run" ? rest[0] : command === "test" ? "test" : undefined
  return script === undefined || Object.hasOwn(scripts, script) ? undefined : `package.json has no script "${script}"`
}

/** The words that name files of this project that do not exist. */
export function missingFiles(words: readonly string[]): string[] {
  return words.filter(
    (word) => /^(?:\.\/)?(?:scripts|examples|docker|test|docs)\/[\w./-]+$/.test(word) && !existsSync(word),
  )
}
