import { RunnerImagesError } from "../errors.js"
import { closest } from "../suggest.js"
import { assertTag } from "../text/reference.js"

/** What can stand in braces in a tag, and what it becomes. The order is that of the error that lists them. */
export const PLACEHOLDERS = {
  version: "this project's version",
  runner: "the runner's version",
  date: "the day of the image's newest input, in UTC: YYYY.MM.DD",
  commit: "the commit that the image is built from, shortened to 12 digits",
  variant: "the variant's name",
} as const
export type Placeholder = keyof typeof PLACEHOLDERS

/** What is known of an image when its tags are made. */
export type TagFacts = Readonly<Partial<Record<Placeholder, string>>>

/** Only a build knows these, so before it their usual form stands for them. */
const OF_A_BUILD: TagFacts = { runner: "2.338.0", date: "2026.11.30" }
const EXAMPLES: TagFacts = { ...OF_A_BUILD, version: "1.2.3", commit: "0123456789ab", variant: "standard" }

const IN_BRACES = /\{([^{}]*)\}/g
/** A Git commit, or any other digest that is long enough to be shortened. */
const HEX = /^[0-9a-f]{13,}$/
const COMMIT_DIGITS = 12

/** `{version}, {runner}, {date}, {commit} and {variant}` */
export function placeholderList(): string {
  const names = Object.keys(PLACEHOLDERS).map((name) => `{${name}}`)
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`
}

/** The tags that templates become for one image. Two templates with the same result are one tag. */
export function expandTags(templates: readonly string[], facts: TagFacts): string[] {
  return [...new Set(templates.map((template) => expand(template, facts)))]
}

/**
 * Reads the tags to publish under, which may have placeholders.
 *
 * @returns the templates, in the order given
 * @throws RunnerImagesError REFERENCE_INVALID when there is none, one is not well-formed or given twice, or a placeholder does not exist
 */
export function parseTagTemplates(given: readonly string[] | undefined): string[] {
  const templates = (given ?? []).map((template) => template.trim())
  if (templates.every((template) => template === ""))
    throw invalid("No tag is given, and there is no default.", "Name at least one, as in --tags 2026.11,latest.")
  for (const template of templates) expand(template, EXAMPLES)
  requireDifferent(templates, templates)
  return templates
}

/**
 * Reports what is wrong with templates for one image, as far as it can be known before the build.
 *
 * @param facts what is known by then: everything but what only a build knows
 * @throws RunnerImagesError REFERENCE_INVALID when a placeholder has no value, a tag is not well-formed, or two are the same
 */
export function assertTemplates(templates: readonly string[], facts: TagFacts): void {
  const tags = templates.map((template) => expand(template, { ...OF_A_BUILD, ...facts }))
  // What a build decides may make two templates one tag; that is no mistake.
  const certain = templates.map((template, place) => (isCertain(template, facts) ? (tags[place] ?? "") : template))
  requireDifferent(certain, templates)
}

function requireDifferent(tags: readonly string[], templates: readonly string[]): void {
  const twice = tags.findIndex((tag, place) => tags.indexOf(tag) !== place)
  if (twice === -1) return
  const written = [tags.indexOf(tags[twice] ?? ""), twice].map((place) => templates[place] ?? "")
  const how = written.every((template) => template === tags[twice]) ? "" : `, as ${written.join(" and as ")}`
  throw invalid(`--tags names ${tags[twice] ?? ""} twice${how}.`, "Name each tag once.")
}

/** Whether a template becomes the same tag, whatever a build decides. */
export function isCertain(template: string, facts: TagFacts): boolean {
  return placeholdersOf(template).every((name) => facts[name] !== undefined)
}

/** Whether a template has a placeholder. */
export function uses(template: string, name: Placeholder): boolean {
  return placeholdersOf(template).includes(name)
}

/** `dateTag("2026-11-30T20:17:40Z")` ⇒ `"2026.11.30"`, the day in UTC, undefined for what is no time. */
export function dateTag(created: string): string | undefined {
  const time = new Date(created)
  return Number.isNaN(time.valueOf()) ? undefined : time.toISOString().slice(0, 10).replaceAll("-", ".")
}

/** A revision as a tag shows it. What is no long digest, such as another system's number, stays whole. */
export function commitTag(revision: string): string {
  return HEX.test(revision) ? revision.slice(0, COMMIT_DIGITS) : revision
}

function expand(template: string, facts: TagFacts): string {
  const tag = template.replaceAll(IN_BRACES, (_, name: string) => valueOf(name, template, facts))
  assertTag(tag, template === tag ? `"${tag}"` : `"${template}", which becomes "${tag}",`)
  return tag
}

function valueOf(name: string, template: string, facts: TagFacts): string {
  if (!isPlaceholder(name)) throw unknownPlaceholder(name, template)
  const value = facts[name]
  if (value !== undefined) return value
  throw invalid(
    `The tag "${template}" needs ${PLACEHOLDERS[name]}, which is not known.`,
    name === "commit"
      ? "Build from a Git checkout without uncommitted changes, or give --source-revision."
      : `Leave {${name}} out.`,
  )
}

function unknownPlaceholder(name: string, template: string): RunnerImagesError {
  const meant = closest(name, Object.keys(PLACEHOLDERS))
  return invalid(
    `The tag "${template}" has the placeholder {${name}}, which does not exist.`,
    `${meant === undefined ? "" : `Did you mean {${meant}}? `}There are ${placeholderList()}.`,
  )
}

function placeholdersOf(template: string): Placeholder[] {
  return [...template.matchAll(IN_BRACES)].flatMap(([, name = ""]) => (isPlaceholder(name) ? [name] : []))
}

function isPlaceholder(name: string): name is Placeholder {
  return Object.hasOwn(PLACEHOLDERS, name)
}

function invalid(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("REFERENCE_INVALID", problem, remedy)
}
