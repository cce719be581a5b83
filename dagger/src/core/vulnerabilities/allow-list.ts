import { isMap, parseDocument } from "yaml"
import { z } from "zod"
import { RunnerImagesError } from "../errors.js"
import { firstIssue } from "../text/json.js"
import { isDeepYaml, TOO_DEEP } from "../text/nesting.js"
import { AREAS, type Examination, type Finding, type Lookup } from "./finding.js"

const nonEmpty = z.string().trim().min(1)
const entrySchema = z
  .strictObject({
    /** `GHSA-…` or `CVE-…`. */
    id: nonEmpty.optional(),
    /** A package, a source package or a tool. */
    package: nonEmpty.optional(),
    /** What cannot be looked up. */
    unchecked: z.enum(AREAS).optional(),
    reason: nonEmpty,
    /** The last day on which it counts. */
    expires: z.iso.date("must be a day such as 2027-01-31"),
  })
  .refine((entry) => (entry.unchecked === undefined) === (entry.id !== undefined || entry.package !== undefined), {
    message: "needs an id, a package or both, or else unchecked",
  })
export type AllowedEntry = z.infer<typeof entrySchema>

/**
 * Parses a list of vulnerabilities that somebody has accepted.
 *
 * @example parseAllowList("- package: libxml2\n  reason: no job parses foreign XML\n  expires: 2027-01-31\n")
 * @param from its name in messages
 * @throws RunnerImagesError ALLOW_LIST_INVALID naming the first wrong value
 */
export function parseAllowList(text: string, from: string): AllowedEntry[] {
  const invalid = (why: string, cause?: unknown) =>
    new RunnerImagesError(
      "ALLOW_LIST_INVALID",
      `${from} is not a list of accepted vulnerabilities: ${why}.`,
      "Each entry has an id or a package, a reason, and the day on which it expires.",
      { cause },
    )
  if (isDeepYaml(text)) throw invalid(TOO_DEEP)
  const document = parseDocument(text)
  const [error] = document.errors
  if (error) throw invalid(error.message.split("\n")[0]?.replace(/:$/, "") ?? error.code)
  if (isMap(document.contents)) throw invalid("it is a mapping, not a list")
  let given: unknown
  try {
    given = document.toJS() ?? []
  } catch (cause) {
    throw invalid("it repeats itself too often", cause)
  }
  const parsed = z.array(entrySchema).safeParse(given)
  if (!parsed.success) throw invalid(firstIssue(parsed.error))
  const names = parsed.data.map(entryText)
  const twice = names.find((name, place) => names.indexOf(name) !== place)
  if (twice !== undefined) throw invalid(`it lists ${twice} twice`)
  return parsed.data
}

/** @example entryText({ id: "GHSA-…", package: "semver", … }) ⇒ "GHSA-… of semver" */
export function entryText({ id, package: name, unchecked }: AllowedEntry): string {
  if (unchecked !== undefined) return `unchecked ${unchecked}`
  return id === undefined ? (name ?? "") : name === undefined ? id : `${id} of ${name}`
}

/**
 * Marks what a list accepts.
 *
 * @param now an entry counts until the end of its last day, in UTC
 */
export function accept(
  examination: Examination,
  list: readonly AllowedEntry[],
  now: Date = new Date(examination.asked),
): Examination {
  const today = now.toISOString().slice(0, "2027-01-31".length)
  const used = new Set<AllowedEntry>()
  const mark = <T extends object>(thing: T, fits: (entry: AllowedEntry) => boolean) => {
    const entry = list.find((candidate) => candidate.expires >= today && fits(candidate))
    if (!entry) return thing
    used.add(entry)
    return { ...thing, accepted: { reason: entry.reason, expires: entry.expires } }
  }
  const images = examination.images.map((image) => ({
    ...image,
    lookups: image.lookups.map((lookup) => mark(lookup, (entry) => isUnchecked(lookup, entry))),
    findings: image.findings.map((finding) => mark(finding, (entry) => isAbout(finding, entry))),
  }))
  const [valid, expired] = [list.filter((one) => one.expires >= today), list.filter((one) => one.expires < today)]
  const allowList = {
    unused: valid.filter((entry) => !used.has(entry)).map(entryText),
    expired: expired.map((entry) => `${entryText(entry)}, on ${entry.expires}`),
  }
  return { ...examination, images, allowList }
}

function isUnchecked({ area, notChecked, except }: Lookup, { unchecked }: AllowedEntry): boolean {
  return unchecked === area && (notChecked ?? except) !== undefined
}

function isAbout({ ids, name, packages = [] }: Finding, { id, package: wanted, unchecked }: AllowedEntry): boolean {
  if (unchecked !== undefined) return false
  return (id === undefined || ids.includes(id)) && (wanted === undefined || [name, ...packages].includes(wanted))
}
