import { RunnerImagesError } from "../errors.js"
import { inconclusive } from "../checks/outcome.js"
import { SOURCES_CHECK } from "../checks/static-checks.js"
import { parseRepository, parseTags } from "../text/reference.js"
import type { Report } from "../report/report.js"
import type { BuildRequest } from "../request/request.js"
import type { VariantName } from "../variants/names.js"

/** Tags in a repository. */
export interface TaggedRepository {
  repository: string
  tags: string[]
}

/** What is published where, after all checks that need no registry. */
export interface Publication extends TaggedRepository {
  variant: VariantName
  /** Where the same image is also published. */
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
 * The place of a variant if all variants share one repository: `aliasFor("ghcr.io/owner/runner", ["latest"], "chrome")` ⇒
 * `{ repository: "ghcr.io/owner/runner", tags: ["chrome-latest"] }`, undefined for standard, which has that repository anyway.
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
 * A tag that names an image's unusual options, so that nobody gets less protection under the usual tag.
 *
 * @example markedTag("try", …) ⇒ "try", "try-sudo", "try-root" or "try-sudo-root-standin"
 */
function markedTag(tag: string, { root, sudo, runner }: Pick<Report, "root" | "sudo" | "runner">): string {
  const marked = [tag, ...(sudo ? ["sudo"] : []), ...(root ? ["root"] : [])].join("-")
  return runner.kind === "stand-in" ? standInTag(marked) : marked
}

/**
 * Refuses images with the stand-in runner unless it is allowed. A caller that knows the kind before the build calls this
 * before the build.
 *
 * @throws RunnerImagesError STAND_IN_REFUSED
 */
export function requireConsent(runner: Report["runner"]["kind"], allowStandIn: boolean): void {
  if (runner === "stand-in" && !allowStandIn)
    throw new RunnerImagesError(
      "STAND_IN_REFUSED",
      "The images contain the stand-in runner, which is not GitHub's and takes no real jobs.",
      "Build with --sources upstream on a network that can reach GitHub's releases, or add --allow-stand-in: each tag then ends in -standin.",
    )
}

/** Validates everything about a publication that can be known before the build. */
export function assertPublishable(
  request: Pick<BuildRequest, "sources">,
  target: { repository: string; tags: readonly string[]; allowStandIn: boolean },
): void {
  parseRepository(target.repository)
  parseTags(target.tags)
  // Package registries do not have the Actions runner.
  if (request.sources === "registry") requireConsent("stand-in", target.allowStandIn)
}

/**
 * Decides what is published: nothing at all unless every image of every variant passed every check. With `--sources auto`, one of these
 * must have proved the label that says where each tool came from.
 *
 * @throws RunnerImagesError REFERENCE_INVALID, STAND_IN_REFUSED, CHECKS_FAILED or CHECKS_INCONCLUSIVE
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

/** Digests of a finished image of which every platform passed at least one check, failed none, and had an answer to all. */
function provenDigests(report: Report): { index: string; manifests: string[] } {
  const failed = report.platforms.flatMap(({ platform, checks }) =>
    checks.filter(({ status }) => status === "failed").map(({ name }) => `${name} on ${platform}`),
  )
  if (failed.length > 0) throw unproven(report, `failed ${failed.join(", ")}`)
  const open = report.platforms.flatMap(({ platform, checks }) =>
    checks
      .filter(({ status }) => status === "inconclusive")
      .map(({ name, reason = "" }) => `${report.variant} ${platform} ${name}: ${reason}`),
  )
  if (open.length > 0) throw inconclusive(open)
  const untested = report.platforms.filter(({ checks }) => !checks.some(({ status }) => status === "passed"))
  if (untested.length > 0)
    throw unproven(report, `was not tested on ${untested.map(({ platform }) => platform).join(", ")}`)
  // What was decided is in the image for everyone who pulls it.
  const unlabelled = report.platforms.filter(
    ({ checks }) => !checks.some(({ name, status }) => name === SOURCES_CHECK && status === "passed"),
  )
  if (report.sources.requested === "auto" && unlabelled.length > 0)
    throw unproven(
      report,
      `was built with --sources auto, but ${SOURCES_CHECK} did not prove its label on ${unlabelled.map(({ platform }) => platform).join(", ")}`,
    )
  const manifests = report.platforms.flatMap(({ digest }) => digest ?? [])
  if (report.index === undefined || manifests.length === 0 || manifests.length !== report.platforms.length)
    throw unproven(report, "was not finished for every platform")
  return { index: report.index, manifests }
}

function unproven({ variant }: Report, what: string): RunnerImagesError {
  return new RunnerImagesError(
    "CHECKS_FAILED",
    `The image ${variant} ${what}; nothing was published.`,
    "The build's report says what each check expected; fix the image and publish again.",
  )
}
