import { parseEnv } from "node:util"
import * as z from "zod"
import { either } from "./either.js"
import type { ValidationIssue } from "./validation-issues.js"
import { namesOf, VARIABLES, variable, type Variable } from "./variables.js"

/** A value and the name under which it was found. */
export interface Found {
  readonly name: string
  readonly value: string
}

/** The access to files that reading a configuration needs. */
export interface Files {
  /** Throws when the file cannot be read. */
  readFile(path: string): string
}

const TRUE = ["true", "1", "yes", "on"]
const FALSE = ["false", "0", "no", "off"]
const booleanSchema = z
  .string()
  .toLowerCase()
  .pipe(z.enum([...TRUE, ...FALSE]).transform((word) => TRUE.includes(word)))

/** How many seconds, or which port, at most. */
const MOST = 1_000_000
const integerSchema = z.string().regex(/^\d+$/).transform(Number).pipe(z.int().nonnegative().max(MOST))

/** GitHub's tokens, old and new, and those for registration, which somebody may have put where they do not belong. */
const TOKEN = /\b((gh[a-z]_|github_pat_)\w+|[0-9a-f]{40}|A[A-Z0-9]{28})\b/g

/** Shorter ones would match parts of ordinary words. */
const SHORTEST_SECRET = 8

/** What Kubernetes sets NAME_PORT to, for a service of that name. */
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\//

const FILE_SUFFIX = "_FILE"

/** The container's variables, each by its own name, its aliases, and for secrets a file. An empty value counts as unset. Collects validation issues. */
export class Settings {
  readonly issues: ValidationIssue[] = []
  readonly warnings: string[] = []
  /** Every secret that was given, used or not. */
  readonly secrets = new Set<string>()
  readonly #environment: Readonly<Record<string, string>>
  readonly #given: Readonly<Record<string, string>>
  readonly #files: Files

  constructor(environment: Readonly<Record<string, string>>, files: Files) {
    this.#files = files
    this.#given = environment
    this.#environment = environment
    // What the file adds is looked up by the same rules as everything else.
    const all = { ...this.#envFile(), ...withoutEmpty(environment) }
    this.#environment = { ...all, ...this.#unquotedNames(all) }
    for (const setting of VARIABLES.filter(({ kind }) => kind === "secret"))
      for (const name of namesOf(setting)) this.#keep(this.#environment[name])
  }

  /** Whether a variable is set to an empty value, which elsewhere counts as unset. */
  isEmpty(name: string): boolean {
    return this.#given[name]?.trim() === ""
  }

  /** Every variable, those of ENV_FILE among them. */
  get all(): Readonly<Record<string, string>> {
    return this.#environment
  }

  /** Which of a setting's names has a value, and the value, white space around it taken off. */
  find(name: string): Found | undefined {
    for (const candidate of namesOf(variable(name))) {
      const value = this.#environment[candidate]?.trim()
      if (value !== undefined && value !== "") return { name: candidate, value }
    }
    return undefined
  }

  text(name: string): string | undefined {
    return this.find(name)?.value
  }

  /** True, false, or nothing given. */
  boolean(name: string): boolean | undefined {
    const found = this.find(name)
    if (!found) return undefined
    const parsed = booleanSchema.safeParse(found.value)
    if (parsed.success) return parsed.data
    this.wrong(found.name, `is "${found.value}", neither true nor false`, "Write true or false.")
    return undefined
  }

  /** A whole number, not below `least`. */
  integer(name: string, fallback: number, least = 0, most = MOST): number {
    const found = this.find(name)
    if (!found) return fallback
    if (SERVICE_ADDRESS.test(found.value)) {
      this.warn(`${found.name} has no effect: it is the address of a service, as Kubernetes sets it`)
      return fallback
    }
    const parsed = integerSchema.safeParse(found.value)
    if (parsed.success && parsed.data >= least && parsed.data <= most) return parsed.data
    const range = most === MOST ? `of at least ${least}` : `from ${least} to ${most}`
    const what = /^-?\d+$/.test(found.value) ? "out of range" : "not a whole number"
    this.wrong(found.name, `is "${found.value}", ${what}`, `Write a number ${range}.`)
    return fallback
  }

  /** One of a setting's words, in whichever case. */
  choice<Word extends string>(name: string, words: readonly Word[], fallback: Word): Word {
    const found = this.find(name)
    if (!found) return fallback
    const chosen = words.find((word) => word === found.value.toLowerCase())
    if (chosen !== undefined) return chosen
    this.wrong(found.name, `is "${found.value}"`, `Write ${either(words)}.`)
    return fallback
  }

  /** Whether there is any value. */
  present(name: string): boolean {
    return this.find(name) !== undefined
  }

  /** True for any value. Only for names that their image reads this way; a value that seems to mean no gets a warning. */
  anything(name: string): boolean {
    const found = this.find(name)
    if (found && FALSE.includes(found.value.toLowerCase()))
      this.warn(`${found.name} is "${found.value}", but any value counts as yes; unset it for no`)
    return found !== undefined
  }

  /** An absolute path. */
  path(name: string): string | undefined {
    const found = this.find(name)
    if (!found) return undefined
    if (found.value.startsWith("/")) return found.value
    this.wrong(found.name, `is "${found.value}", not an absolute path`, "Begin it with /.")
    return undefined
  }

  /**
   * A secret from its variable or from the file that NAME_FILE names, without line ends at its end.
   *
   * @param names which of its names count
   */
  secret(name: string, names: readonly string[] = namesOf(variable(name))): Found | undefined {
    for (const candidate of names) {
      const value = this.#environment[candidate]?.trim()
      const file = this.#environment[candidate + FILE_SUFFIX]?.trim()
      if (value && file) {
        this.wrong(candidate, `and ${candidate}${FILE_SUFFIX} are both set`, "Set only one of them.")
        return undefined
      }
      if (value) return this.#unquoted({ name: candidate, value })
      if (!file) continue
      const text = this.#read(candidate + FILE_SUFFIX, file)?.trim()
      if (text === undefined) return undefined
      this.#keep(text)
      if (text !== "")
        return this.#unquoted({ name: candidate + FILE_SUFFIX, value: text }, "names a file whose text is in")
      this.wrong(candidate + FILE_SUFFIX, `names ${file}, which is empty`, "Write the secret into it.")
      return undefined
    }
    return undefined
  }

  wrong(name: string, problem: string, remedy: string): void {
    const guarded = [...this.secrets].reduce((text, secret) => text.replaceAll(secret, "***"), problem)
    this.issues.push({ variable: name, problem: guarded.replace(TOKEN, "***"), remedy })
  }

  warn(line: string): void {
    this.warnings.push(line)
  }

  /** Reads settings that nothing depends on: their errors become warnings. */
  leniently<Result>(read: () => Result): Result {
    const before = this.issues.length
    const result = read()
    for (const { variable, problem, remedy } of this.issues.splice(before))
      this.warn(`${variable} ${problem}. ${remedy}`)
    return result
  }

  #envFile(): Record<string, string> {
    const file = this.#environment.ENV_FILE?.trim()
    if (!file) return {}
    const text = this.#read("ENV_FILE", file)
    if (text === undefined) return {}
    const variables = parseEnv(text)
    if (Object.keys(variables).length === 0 && /^\s*[^#\s]/m.test(text))
      this.wrong("ENV_FILE", `names ${file}, which contains no variable`, "Write NAME=VALUE, one per line.")
    return withoutEmpty(variables)
  }

  /** A shell takes quotation marks away, and Docker does not. Reading goes on without them, so that there is one error. */
  #unquoted({ name, value }: Found, what = "is in"): Found {
    const [, , inner] = /^(["'])([^]*)\1$/.exec(value) ?? []
    if (inner === undefined) return { name, value }
    this.#keep(inner)
    this.wrong(name, `${what} quotation marks`, "Leave them out: a shell removes them, docker run --env-file does not.")
    return { name, value: inner.trim() }
  }

  /** Secrets are looked at when they are read, which may be done leniently. */
  #unquotedNames(environment: Readonly<Record<string, string>>): Record<string, string> {
    const names = VARIABLES.filter(({ group }) => group !== "passed").flatMap((setting) =>
      setting.kind === "secret" ? namesOf(setting).map((name) => name + FILE_SUFFIX) : namesOf(setting),
    )
    return Object.fromEntries(
      names.flatMap((name) => {
        const value = environment[name]?.trim()
        return value ? [[name, this.#unquoted({ name, value }).value]] : []
      }),
    )
  }

  #keep(secret: string | undefined): void {
    const text = secret?.trim() ?? ""
    if (text.length >= SHORTEST_SECRET) this.secrets.add(text)
  }

  #read(name: string, file: string): string | undefined {
    try {
      return this.#files.readFile(file)
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable"
      const why = { ENOENT: "does not exist", EACCES: "this user may not read", EISDIR: "is a folder" }[code]
      this.wrong(
        name,
        `names ${file}, which ${why ?? `cannot be read (${code})`}`,
        "Mount the file, readable by the container's user.",
      )
      return undefined
    }
  }
}

/** The names under which a setting's secret, or the file with it, may be given. */
export function secretNames(setting: Variable): string[] {
  return namesOf(setting).flatMap((name) => [name, name + FILE_SUFFIX])
}

/** Every name that means something to this program. */
export function knownNames(): string[] {
  return VARIABLES.flatMap((setting) => (setting.kind === "secret" ? secretNames(setting) : namesOf(setting)))
}

function withoutEmpty(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => (entry[1] ?? "") !== ""),
  )
}
