import { RunnerImagesError } from "../errors.js"
import { inconclusive } from "../checks/outcome.js"
import { SOURCES_CHECK } from "../checks/static-checks.js"
import { assertTag, parseRepository } from "../text/reference.js"
import { PROJECT_VERSION } from "../version.js"
import {
  assertTemplates,
  commitTag,
  dateTag,
  expandTags,
  isCertain,
  parseTagTemplates,
  uses,
  type TagFacts,
} from "./tag-template.js"
import type { Report, RunnerKind } from "../report/report.js"
import type { BuildRequest } from "../request/request.js"
import type { RunnerMode } from "../request/runner.js"
import type { VariantName } from "../variants/names.js"

/** Tags in a repository. */
export interface TaggedRepository {
  repository: string
  tags: string[]
}

/** What is published where, after all checks that need no registry. */
export interface Publication extends PublicationNames {
  variant: VariantName
  /** Digest of the image index. */
  index: string
  /** Digests of the platforms' manifests. */
  manifests: string[]
  /** Sum of all platforms' layers, each layer once. */
  compressedBytes: number
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
 * Tags that name the variant anyway stay as they are.
 */
function aliasFor(
  repository: string,
  tags: readonly { template: string; tag: string }[],
  variant: VariantName,
): TaggedRepository | undefined {
  if (variant === UNSUFFIXED) return undefined
  return {
    repository,
    tags: distinct(tags.map(({ template, tag }) => (uses(template, "variant") ? tag : `${variant}-${tag}`))),
  }
}

/** What decides about an image's names, and is known before the build. */
export interface NamingFacts {
  variant: VariantName
  runner: RunnerKind
  /** The runner's version, if it is pinned: that of a program which the build compiles is found out then. */
  runnerVersion?: string | undefined
  root?: boolean | undefined
  sudo?: boolean | undefined
}

/** An image's names. */
export interface PublicationNames extends TaggedRepository {
  /** Where the same image is also published. */
  alias?: TaggedRepository
}

/** Where images are published. `tags` may have placeholders, see {@link parseTagTemplates}. */
interface NamingOptions {
  repository: string
  tags: readonly string[]
  variantTags: boolean
}

/**
 * Where an image is published, and under which tags.
 *
 * @param known what tags say of the image
 * @throws RunnerImagesError REFERENCE_INVALID
 */
export function namesOf(facts: NamingFacts, known: TagFacts, options: NamingOptions): PublicationNames {
  const { variant } = facts
  const repository = parseRepository(options.repository).name
  const marked = options.tags.flatMap((template) =>
    expandTags([template], known).map((tag) => ({ template, tag: markedTag(tag, facts) })),
  )
  const alias = options.variantTags ? aliasFor(repository, marked, variant) : undefined
  return {
    repository: repositoryFor(repository, variant),
    tags: distinct(marked.map(({ tag }) => tag)),
    ...(alias && { alias }),
  }
}

/** As {@link namesOf}, before the build: without the tags that say something which only a build knows. */
export function namesBeforeBuild(
  facts: NamingFacts,
  request: Pick<BuildRequest, "source">,
  options: NamingOptions,
): PublicationNames {
  const { variant, runnerVersion: runner } = facts
  const known = { ...factsBefore(request, variant), ...(runner === undefined ? {} : { runner }) }
  return namesOf(facts, known, { ...options, tags: options.tags.filter((template) => isCertain(template, known)) })
}

/**
 * A tag that names an image's unusual options and an unofficial runner, so that nobody gets less under the usual tag.
 *
 * @example markedTag("try", …) ⇒ "try", "try-sudo", "try-root" or "try-sudo-root-act"
 */
function markedTag(tag: string, facts: Omit<NamingFacts, "variant">): string {
  return `${tag}${suffixOf(facts)}`
}

/** What all tags of an image end in: `-sudo-root-act`, or nothing. */
export function suffixOf({ sudo, root, runner }: Omit<NamingFacts, "variant">): string {
  return Object.entries({ sudo, root, act: runner === "act" })
    .flatMap(([mark, has]) => (has ? [`-${mark}`] : []))
    .join("")
}

function distinct(tags: readonly string[]): string[] {
  for (const tag of tags) assertTag(tag)
  return [...new Set(tags)]
}

/** What is known of an image's tags before its build. */
function factsBefore({ source }: Pick<BuildRequest, "source">, variant: VariantName): TagFacts {
  return { version: PROJECT_VERSION, variant, ...commitFact(source?.revision) }
}

function factsOf({ version, created, runner, request }: Report, variant: VariantName): TagFacts {
  const date = dateTag(created)
  return {
    version,
    variant,
    runner: runner.version,
    ...(date === undefined ? {} : { date }),
    ...commitFact(request?.source?.revision),
  }
}

function commitFact(revision: string | undefined): TagFacts {
  return revision === undefined ? {} : { commit: commitTag(revision) }
}

/**
 * Refuses images with the unofficial runner unless that was asked for. A caller that knows the kind before the build calls this before the
 * build.
 *
 * @param asked the request's
 * @throws RunnerImagesError ACT_RUNNER_REFUSED
 */
export function requireConsent(runner: RunnerKind, asked: RunnerMode | undefined): void {
  if (runner === "act" && asked !== "act")
    throw new RunnerImagesError(
      "ACT_RUNNER_REFUSED",
      "The images contain github-act-runner, which is not GitHub's own runner and lacks some of its abilities.",
      "Give --runner act if that is wanted: each tag then ends in -act. For GitHub's, give --runner official where its releases, a mirror or --assets can be had.",
    )
}

/** What a request says about tags. */
type TagRequest = Pick<BuildRequest, "sources" | "runner" | "source" | "variants">

/**
 * Validates everything about a publication that can be known before the build.
 *
 * @throws RunnerImagesError REFERENCE_INVALID or ACT_RUNNER_REFUSED
 */
export function assertPublishable(request: TagRequest, target: { repository: string; tags: readonly string[] }): void {
  const { sources, runner = "auto", variants } = request
  parseRepository(target.repository)
  const templates = parseTagTemplates(target.tags)
  for (const variant of variants) assertTemplates(templates, factsBefore(request, variant))
  // Package registries do not have GitHub's runner.
  if (sources === "registry" && runner !== "official") requireConsent("act", runner)
}

/**
 * Decides what is published: nothing at all unless every image of every variant passed every check. With `--sources auto`, one of these
 * must have proved the label that says where each tool came from.
 *
 * @param options `tags` may have placeholders, see {@link parseTagTemplates}
 * @throws RunnerImagesError REFERENCE_INVALID, ACT_RUNNER_REFUSED, CHECKS_FAILED or CHECKS_INCONCLUSIVE
 */
export function planPublication(
  built: readonly { variant: VariantName; report: Report }[],
  options: { repository: string; tags: readonly string[]; runner?: RunnerMode; variantTags: boolean },
): Publication[] {
  parseRepository(options.repository)
  const tags = parseTagTemplates(options.tags)
  for (const { report } of built) requireConsent(report.runner.kind, options.runner)
  return built.map(({ variant, report }) => {
    const { root, sudo, runner } = report
    return {
      variant,
      ...namesOf({ variant, runner: runner.kind, root, sudo }, factsOf(report, variant), { ...options, tags }),
      ...provenDigests(report),
      compressedBytes: layerBytes(report),
    }
  })
}

function layerBytes({ platforms }: Report): number {
  const layers = platforms.flatMap((platform) => platform.layers ?? [])
  const sizes = new Map(layers.map(({ digest, compressedBytes }) => [digest, compressedBytes]))
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0)
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
