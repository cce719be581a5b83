import { z } from "zod"
import { PACKAGE_NAME } from "../../text/package-name.js"
import { PLATFORMS, type PlatformName } from "../../platforms.js"
import { closest } from "../../suggest.js"
import { FILE_CHECKS } from "../findings.js"
import { VARIANTS } from "../names.js"
import { placeProblem } from "./paths.js"

/**
 * The schema of a definition file. Every value is text, as in YAML's failsafe schema: the others turn the version 1.10 into 1.1.
 * Messages continue `environment.NAME: …`.
 */

interface RawIssue {
  readonly code?: string | undefined
  readonly input?: unknown
}

function wrong(what: string) {
  return ({ input }: RawIssue): string => {
    if (input === undefined) return `is missing; add ${what}`
    if (input === "") return `is empty, and should be ${what}`
    return typeof input === "string" ? `"${input}" is not ${what}` : `is not ${what}`
  }
}

/** A mapping with these keys and no others. The message for unknown keys lists the known ones; `validation-issues.ts` makes sentences of it. */
const fields = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? Object.keys(shape).join(" ")
        : wrong(`a mapping with ${Object.keys(shape).join(", ")}`)(issue),
  })

/** One of these words. */
const choice = <Word extends string>(words: readonly Word[], refused: (input: string) => string) =>
  z.enum(words, {
    error: ({ input }) => {
      const all = `choose from ${words.join(", ")}`
      if (input === undefined || input === "") return `is ${input === "" ? "empty" : "missing"}; ${all}`
      if (typeof input !== "string") return `is not text; ${all}`
      const meant = closest(input, words)
      return `${refused(input)}; ${meant === undefined ? all : `did you mean ${meant}?`}`
    },
  })

const list = <Item extends z.ZodType>(item: Item) => z.array(item, { error: wrong("a list") })

const mapping = <Value extends z.ZodType>(value: Value) =>
  z.record(z.string(), value, { error: wrong("a mapping of names to values") })

const text = (pattern: RegExp, what: string) => z.string({ error: wrong(what) }).regex(pattern, { error: wrong(what) })

const sentence = text(/^[^\p{Cc}]{1,300}$/u, "one line of text with at most 300 characters")

const place = z.string({ error: wrong("an absolute path") }).superRefine((path, context) => {
  const problem = path === "" ? "is empty, and should be an absolute path" : placeProblem(path, "file")
  if (problem !== undefined) context.addIssue(problem)
})

const url = z.string({ error: wrong("an https URL") }).superRefine((given, context) => {
  const problem = urlProblem(given)
  if (problem !== undefined) context.addIssue(problem)
})

function urlProblem(given: string): string | undefined {
  const parsed = URL.canParse(given) ? new URL(given) : undefined
  // Parsing drops line breaks, but the URL that is fetched later would have them.
  if (/[\s\p{Cc}]/u.test(given)) return "has a space or a control character; write it with percent-encoding"
  if (parsed?.protocol !== "https:") return `"${given}" is not an https URL; write one that begins with https://`
  // Never repeated: it may be a secret.
  if (parsed.username !== "" || parsed.password !== "")
    return "contains a user or a password, which everyone could read; give the file with --assets instead"
  // --assets is searched by that name.
  if (!/\/[A-Za-z0-9][A-Za-z0-9._+~%-]*$/.test(given))
    return `"${given}" does not end in a file name; write the URL of the file itself`
  return undefined
}

const file = fields({
  url,
  sha256: text(/^[0-9a-f]{64}$/, "a SHA-256: 64 digits, a to f in lower case"),
})

/** One value for each platform. */
const eachPlatform = <Value extends z.ZodType>(value: Value) =>
  fields(Object.fromEntries(PLATFORMS.map((platform) => [platform, value])) as Record<PlatformName, Value>)

const value = z.string({ error: wrong("text") }).regex(/^[^\0]*$/, { error: "contains a zero byte; remove it" })

const tool = fields({
  name: text(/^[a-z0-9][a-z0-9._-]{0,39}$/, "a tool's name: lower-case letters, digits, dots, hyphens"),
  version: text(/^[^\s\p{Cc}]{1,80}$/u, "a version: text without spaces"),
  files: eachPlatform(file),
  unpack: z.enum(["program", "tar", "zip"], { error: wrong("program, tar or zip") }),
  into: place,
  strip: text(/^\d$/, "a number of leading folders to remove, from 0 to 9").optional(),
  only: list(text(/^[^/\p{Cc}][^\p{Cc}]*$/u, "a path inside the archive")).optional(),
  links: mapping(text(/^[^\p{Cc}]+$/u, "the target of a link")).optional(),
})

const check = fields({
  name: text(/^[a-z0-9][a-z0-9._-]{0,39}$/, "a check's name: lower-case letters, digits, dots, hyphens"),
  proves: sentence,
  command: text(/\S/, "a shell command").regex(/^[^\0]*$/, { error: "contains a zero byte; remove it" }),
  expect: fields({
    equals: z.string({ error: wrong("text") }).optional(),
    contains: text(/^[^]+$/, "text").optional(),
    matches: text(/^[^]+$/, "a regular expression").optional(),
    fails: z.literal("true", { error: wrong("true") }).optional(),
  }),
  skipEmulated: sentence.optional(),
})

const accepted = fields({
  check: choice(FILE_CHECKS, (input) => `"${input}" is no check whose findings can be accepted`),
  finding: text(/^\/[^\p{Cc}]{0,4000}$/u, "a finding as a failed check words it, which begins with a path"),
  reason: sentence,
})

export const definitionSchema = fields({
  name: text(
    /^(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)*$/,
    "a variant's name: at most 40 lower-case letters and digits, with single hyphens between them",
  ),
  extends: choice(VARIANTS, (input) => `there is no variant "${input}" to extend`),
  title: sentence.optional(),
  description: sentence.optional(),
  budget: text(/^[1-9]\d{0,5}(\.\d{1,3})? [MG]B$/, 'a size such as "1.2 GB" or "1200 MB"').optional(),
  packages: list(text(PACKAGE_NAME, "a package's name: lower-case letters, digits, and + . -")).optional(),
  tools: list(tool).optional(),
  files: list(
    fields({
      path: place,
      text: z.string({ error: wrong("text") }),
      mode: text(/^0?[0-7]{3}$/, "a file's mode: three octal digits such as 0644, without setuid").optional(),
    }),
  ).optional(),
  environment: mapping(
    z.union([value, eachPlatform(value)], { error: wrong("text, nor a text for each platform") }),
  ).optional(),
  accept: list(accepted).optional(),
  checks: list(check).min(1, { error: "is empty; a variant needs at least one check of what it adds" }),
})

export type WrittenDefinition = z.infer<typeof definitionSchema>
