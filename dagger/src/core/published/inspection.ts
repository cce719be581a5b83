import { RunnerImagesError } from "../errors.js"
import { EVIDENCE_TYPES } from "../evidence/kinds.js"
import { predicateIn, REPORT_MEDIA_TYPE, SBOM_MEDIA_TYPES } from "../evidence/referrer.js"
import { readSourcesLabel, SOURCES_LABEL } from "../plan/sources-label.js"
import { parseReport, type Report } from "../report/report.js"
import { artifactContent, referrersOf, type PublishedReferrer } from "./artifacts.js"
import {
  createdAt,
  readPlatform,
  requireImage,
  type PublishedConfig,
  type PublishedImage,
  type PublishedPlatform,
} from "./image.js"
import type { PublishedImages } from "./published-images.js"
import { recordsIn, TAG_MOVE_TYPE, type TagRecord } from "./tag-history.js"

/** The schema of the answer of `inspect`. */
export const INSPECTION_SCHEMA_VERSION = 1

/** Something about an image or an index. `inspect` does not verify it; `verify` does. */
export interface Attestation {
  /** What it says: `provenance`, or the type of what this project does not write. */
  kind: string
  /** Whether it is in a signature's envelope. */
  signed: boolean
  digest: string
}

export interface InspectedPlatform {
  platform: string
  digest: string
  /** Sum of the compressed layers: what a first pull transfers. */
  compressedBytes: number
  layers: number
  /** Absent if the image has no report. */
  tools?: { name: string; version: string }[]
  attestations: Attestation[]
}

/** What a registry says about an image. Properties that it does not say are absent. */
export interface Inspection {
  schemaVersion: typeof INSPECTION_SCHEMA_VERSION
  /** `repository@digest` */
  image: string
  /** False for one platform's image without an index. */
  index: boolean
  /** ISO 8601: the time of its newest input. */
  created?: string
  ageDays?: number
  title?: string
  version?: string
  variant?: string
  runner?: { kind?: string; version?: string }
  /** Options that make it unusual. */
  options: string[]
  /** Where its tools come from, by the tool's name; or one word for all of them. */
  sources?: Readonly<Record<string, string>> | string
  source?: { url?: string; revision?: string }
  base?: { name?: string; digest?: string }
  platforms: InspectedPlatform[]
  /** About the index. */
  attestations: Attestation[]
  /** How tags came to it, the newest first. */
  moves: Omit<TagRecord, "schemaVersion" | "to">[]
}

const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle/
/** By the type of the predicate, or else of the artifact. */
const KINDS: Readonly<Record<string, string>> = {
  [EVIDENCE_TYPES.signature.predicateType]: "signature",
  [EVIDENCE_TYPES.spdx.predicateType]: "SPDX",
  [EVIDENCE_TYPES.cyclonedx.predicateType]: "CycloneDX",
  [EVIDENCE_TYPES.provenance.predicateType]: "provenance",
  [EVIDENCE_TYPES.tests.predicateType]: "test results",
  [SBOM_MEDIA_TYPES.spdx]: "SPDX",
  [SBOM_MEDIA_TYPES.cyclonedx]: "CycloneDX",
  [REPORT_MEDIA_TYPE]: "report",
}
const LABEL = "com.github.runner."
const OCI = "org.opencontainers.image."
const OPTIONS = ["sudo", "root", "cjk-fonts"]
const DAY = 86_400_000

/**
 * Reads what a registry has about an image.
 *
 * @param name `@sha256:…` or `:tag`
 * @throws RunnerImagesError IMAGE_MISSING or the registry's
 */
export async function inspect(
  images: PublishedImages,
  { repository, name }: { repository: string; name: string },
  now: Date,
): Promise<Inspection> {
  const image = await requireImage(images, repository, name)
  const { digest, isIndex, document } = image
  const [first] = image.platforms
  if (!first) throw noImage(image)
  const referrers = await referrersOf(images, repository, digest)
  const [report, created, config] = await Promise.all([
    readReport(images, repository, referrers),
    createdAt(images, image),
    readPlatform(images, repository, first).then((platform) => platform.config),
  ])
  const platforms = image.platforms.map((platform) => inspectPlatform(images, image, platform, report, referrers))
  return {
    schemaVersion: INSPECTION_SCHEMA_VERSION,
    image: `${repository}@${digest}`,
    index: isIndex,
    ...(created === undefined ? {} : { created, ageDays: Math.floor((now.valueOf() - Date.parse(created)) / DAY) }),
    ...labelled(config, document.annotations ?? {}),
    platforms: await Promise.all(platforms),
    attestations: isIndex ? attestationsIn(referrers) : [],
    moves: (await recordsIn(images, repository, digest, referrers)).map(({ tag, from, at, by }) => ({
      tag,
      from,
      at,
      by,
    })),
  }
}

/**
 * The report that is attached to an image; undefined if there is none, or another version of this program wrote it.
 *
 * @param referrers of its index
 */
export async function readReport(
  images: PublishedImages,
  repository: string,
  referrers: readonly PublishedReferrer[],
): Promise<Report | undefined> {
  const [attached] = referrers.filter(({ artifactType }) => artifactType === REPORT_MEDIA_TYPE)
  const text = attached && (await artifactContent(images, repository, attached))
  if (text === undefined) return undefined
  try {
    return parseReport(text, (why) => new Error(why))
  } catch {
    return undefined
  }
}

async function inspectPlatform(
  images: PublishedImages,
  { repository, digest, isIndex }: PublishedImage,
  given: PublishedPlatform,
  report: Report | undefined,
  ofIndex: readonly PublishedReferrer[],
): Promise<InspectedPlatform> {
  const { platform, digest: own, manifest } = await readPlatform(images, repository, given)
  const layers = manifest.layers ?? []
  const referrers = !isIndex && own === digest ? ofIndex : await referrersOf(images, repository, own)
  const reported = report?.platforms.find((each) => each.platform === platform && each.digest === own)
  return {
    platform,
    digest: own,
    compressedBytes: layers.reduce((sum, { size }) => sum + size, 0),
    layers: layers.length,
    ...(reported ? { tools: reported.tools.map(({ name, version }) => ({ name, version })) } : {}),
    attestations: attestationsIn(referrers),
  }
}

/** Annotations of the index say what is the same on all platforms; the labels of one platform say the rest. */
function labelled({ config }: PublishedConfig, annotations: Readonly<Record<string, string>>) {
  const labels = config?.Labels ?? {}
  const oci = (name: string) => annotations[`${OCI}${name}`] ?? labels[`${OCI}${name}`]
  const own = (name: string) => labels[`${LABEL}${name}`]
  const sources = readSourcesLabel(labels[SOURCES_LABEL] ?? "")
  const runner = defined({ kind: own("kind"), version: own("version") })
  const source = defined({ url: oci("source"), revision: oci("revision") })
  const base = defined({ name: oci("base.name"), digest: oci("base.digest") })
  return {
    ...defined({ title: oci("title"), version: oci("version"), variant: own("type") }),
    ...(runner ? { runner } : {}),
    options: OPTIONS.filter((option) => own(option) === "true"),
    ...(sources === undefined ? {} : { sources }),
    ...(source ? { source } : {}),
    ...(base ? { base } : {}),
  }
}

/** The properties that have a value; undefined if none has. */
function defined<K extends string>(properties: Record<K, string | undefined>): Partial<Record<K, string>> | undefined {
  const entries = Object.entries(properties).filter(([, value]) => value !== undefined)
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Partial<Record<K, string>>)
}

/** In alphabetical order of what they say. Records of tags are told apart from these. */
function attestationsIn(referrers: readonly PublishedReferrer[]): Attestation[] {
  return referrers
    .filter(({ artifactType }) => artifactType !== TAG_MOVE_TYPE)
    .map(({ artifactType = "unknown", annotations = {}, digest }) => {
      const predicate = predicateIn(annotations) ?? artifactType
      return { kind: KINDS[predicate] ?? predicate, signed: BUNDLE.test(artifactType), digest }
    })
    .toSorted((a, b) => (a.kind + a.digest < b.kind + b.digest ? -1 : 1))
}

function noImage({ repository, digest }: PublishedImage): RunnerImagesError {
  return new RunnerImagesError(
    "IMAGE_MISSING",
    `${repository}@${digest} is not a container image.`,
    "Name an image by its tag or digest.",
  )
}
