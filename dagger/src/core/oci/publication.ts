import { RunnerImagesError } from "../errors.js"
import { parseRepository, parseTags } from "../text/reference.js"
import type { Report } from "../report/report.js"
import type { BuildRequest } from "../request/request.js"
import type { VariantName } from "../variants/names.js"

/** Tags in a repository. */
export interface TaggedRepository {
  repository: string
  tags: string[]
}

/** What is published where, after every rule that can be decided without a registry. */
export interface Publication extends TaggedRepository {
  variant: VariantName
  /** Where the same image is to be found besides. */
  alias?: TaggedRepository
  /** Digest of the image index. */
  index: string
  /** Digests of the platforms' manifests. */
  manifests: string[]
}

/** The variant that takes the repository's own name. */
const UNSUFFIXED: string = "standard"

/** `repositoryFor("ghcr.io/owner/runner", "standard")` ⇒ `"ghcr.io/owner/runner"`; other variants get `-VARIANT`. */
export function repositoryFor(repository: string, variant: VariantName): string {
  return variant === UNSUFFIXED ? repository : `${repository}-${variant}`
}

/**
 * Where some images have all of their variants: `aliasFor("ghcr.io/owner/runner", ["latest"], "chrome")` ⇒
 * `{ repository: "ghcr.io/owner/runner", tags: ["chrome-latest"] }`, undefined for standard, whose name that repository is.
 */
function aliasFor(repository: string, tags: readonly string[], variant: VariantName): TaggedRepository | undefined {
  if (variant === UNSUFFIXED) return undefined
  return { repository, tags: parseTags(tags.map((tag) => `${variant}-${tag}`)) }
}

/** The tag of an image with the stand-in runner. `standInTag("try")` ⇒ `"try-standin"` */
export function standInTag(tag: string): string {
  return `${tag}-standin`
}

/**
 * A tag that says what is unusual about an image, so that nobody gets less protection under the usual name.
 *
 * @example markedTag("try", …) ⇒ "try", "try-sudo", "try-root" or "try-sudo-root-standin"
 */
function markedTag(tag: string, { root, sudo, runner }: Pick<Report, "root" | "sudo" | "runner">): string {
  const marked = [tag, ...(sudo ? ["sudo"] : []), ...(root ? ["root"] : [])].join("-")
  return runner.kind === "stand-in" ? standInTag(marked) : marked
}

/**
 * Refuses images with the stand-in runner unless that is wanted. A caller who knows the kind before the build asks
 * before the build.
 *
 * @throws RunnerImagesError STAND_IN_REFUSED
 */
export function requireConsent(runner: Report["runner"]["kind"], allowStandIn: boolean): void {
  if (runner === "stand-in" && !allowStandIn)
    throw new RunnerImagesError(
      "STAND_IN_REFUSED",
      "The images have the stand-in runner, which is not GitHub's and takes no real jobs.",
      "Build with --sources upstream where GitHub's releases answer, or add --allow-stand-in: each tag then ends in -standin.",
    )
}

/** Finds everything that is wrong with a publication and can be known beforehand. */
export function assertPublishable(
  request: Pick<BuildRequest, "sources">,
  target: { repository: string; tags: readonly string[]; allowStandIn: boolean },
): void {
  parseRepository(target.repository)
  parseTags(target.tags)
  if (request.sources === "auto")
    throw new RunnerImagesError(
      "SOURCES_INVALID",
      "What is published must not depend on which vendors answer today, and --sources is auto.",
      "Give --sources upstream or --sources registry.",
    )
  // Registries of packages do not have the Actions runner.
  if (request.sources === "registry") requireConsent("stand-in", target.allowStandIn)
}

/**
 * Decides what is published: nothing at all unless every image of every variant passed every check.
 *
 * @throws RunnerImagesError REFERENCE_INVALID, STAND_IN_REFUSED or CHECKS_FAILED
 */
export function planPublication(
  built: readonly { variant: VariantName; report: Report }[],
  options: { repository: string; tags: readonly string[]; allowStandIn: boolean; variantTags: boolean },
): Publication[] {
  const repository = parseRepository(options.repository).name
  const tags = parseTags(options.tags)
  for (const { report } of built) requireConsent(report.runner.kind, options.allowStandIn)
  return built.map(({ variant, report }) => {
    const marked = parseTags(tags.map((tag) => markedTag(tag, report)))
    const alias = options.variantTags ? aliasFor(repository, marked, variant) : undefined
    return {
      variant,
      repository: repositoryFor(repository, variant),
      tags: marked,
      ...(alias && { alias }),
      ...provenDigests(report),
    }
  })
}

/** Digests of an image that was finished, after at least one check on every platform and none that failed. */
function provenDigests(report: Report): { index: string; manifests: string[] } {
  const failed = report.platforms.flatMap(({ platform, checks }) =>
    checks.filter(({ status }) => status === "failed").map(({ name }) => `${name} on ${platform}`),
  )
  if (failed.length > 0) throw unproven(report, `failed ${failed.join(", ")}`)
  const untested = report.platforms.filter(({ checks }) => !checks.some(({ status }) => status === "passed"))
  if (untested.length > 0)
    throw unproven(report, `was not tested on ${untested.map(({ platform }) => platform).join(", ")}`)
  const manifests = report.platforms.flatMap(({ digest }) => digest ?? [])
  if (report.index === undefined || manifests.length === 0 || manifests.length !== report.platforms.length)
    throw unproven(report, "was not finished for every platform")
  return { index: report.index, manifests }
}

function unproven({ variant }: Report, what: string): RunnerImagesError {
  return new RunnerImagesError(
    "CHECKS_FAILED",
    `The image ${variant} ${what}; nothing was published.`,
    "See the build's report for what each check expected, fix it and publish again.",
  )
}
