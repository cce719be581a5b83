import { z } from "zod"
import { RunnerImagesError } from "../errors.js"
import { configSchema, descriptorSchema, digestOf, indexSchema } from "../oci/documents.js"
import { EVIDENCE_TYPES, IMAGE_EVIDENCE, INDEX_EVIDENCE, kindOf, type EvidenceKind } from "./kinds.js"
import type { PublishedImage, StoredImage, StoredReferrer } from "./published-image.js"
import { BUNDLE_MEDIA_TYPE, predicateIn, REPORT_MEDIA_TYPE } from "./referrer.js"
import { parseStatement, resourceSchema, type Statement } from "./statement.js"
import { BundleProblem, verifyBundle, type Trust } from "./trust.js"

/** What is looked at: the bytes, the platforms, each kind of evidence, and the report that the test results name. */
export type Examined = "contents" | "platforms" | EvidenceKind | "report"

/** One thing that was looked at, of the index or of a platform's image. */
export interface Finding {
  /** `index`, the platform, or `image` for whatever there is in place of an index; the digest of an image whose platform is unknown. */
  subject: string
  digest: string
  examined: Examined
  verdict: "passed" | "failed"
  /** What it says, or what is wrong. */
  reason: string
  /** Who signed it, if it holds. */
  signer?: string
}

/** What an image must be. */
export interface Demands {
  trust: Trust
  /** Where it was published. Statements of other repositories do not count. */
  repository: string
  /** Which platforms it must have, others may be there. Undefined if any will do. */
  platforms: readonly string[] | undefined
}

/** The result of examining a published image. */
export interface Verification {
  /** Of the index, or of the only image. */
  digest: string
  verified: boolean
  findings: Finding[]
}

const testResultsSchema = z.object({
  result: z.enum(["PASSED", "WARNED", "FAILED"]),
  configuration: z.array(resourceSchema),
  passedTests: z.array(z.string()).default([]),
  warnedTests: z.array(z.string()).default([]),
  failedTests: z.array(z.string()).default([]),
})

const provenanceSchema = z.object({
  buildDefinition: z.object({
    externalParameters: z.object({
      source: z.object({ url: z.string().optional(), revision: z.string().optional() }).optional(),
    }),
    resolvedDependencies: z.array(resourceSchema).default([]),
  }),
  runDetails: z.object({
    builder: z.object({ id: z.string(), version: z.record(z.string(), z.string()).default({}) }),
  }),
})

const artifactSchema = z.looseObject({
  subject: descriptorSchema,
  layers: z.tuple([descriptorSchema]),
})

/**
 * Examines everything about a published image. Reads nothing more, and asks no clock: the same bytes have the same verdict.
 *
 * Layers are not read: whoever pulls them compares them with the digests that are examined here.
 */
export function verifyImage(image: PublishedImage, demands: Demands): Verification {
  const { name, index, images } = image
  const top = index?.text ?? images[0]?.manifest ?? ""
  const digest = name.startsWith("@") ? name.slice(1) : digestOf(top)
  const findings = [
    ...(index ? verifyIndex(digest, index, images, demands) : []),
    ...images.flatMap((one) => verifyPlatform(one, demands)),
    // An image of one platform, validly signed, under a tag that should have several.
    ...(index ? [] : [platformFinding({ subject: "image", digest }, images, demands)]),
  ]
  return { digest, verified: findings.every(({ verdict }) => verdict === "passed"), findings }
}

function verifyIndex(
  digest: string,
  { text, referrers }: NonNullable<PublishedImage["index"]>,
  images: readonly StoredImage[],
  demands: Demands,
): Finding[] {
  const subject = { subject: "index", digest }
  const well = attempt(() => indexSchema.parse(JSON.parse(text)))
  const evidence = referrers.map((referrer) => examine(referrer, digest, demands))
  return [
    verdict(subject, "contents", unequal(text, digest) ?? (well ? undefined : "it is not an index of OCI")),
    platformFinding(subject, images, demands),
    ...INDEX_EVIDENCE.map((kind) => evidenceFinding(subject, kind, evidence)),
    reportFinding(subject, referrers, evidence),
  ]
}

/** Several images for one platform would let whoever pulls get another one than was meant. */
function platformFinding(
  subject: Pick<Finding, "subject" | "digest">,
  images: readonly StoredImage[],
  { platforms }: Demands,
): Finding {
  const has = images.map(({ platform, config }) => platform || (platformOf(config) ?? "an unknown platform"))
  const missing = (platforms ?? []).filter((platform) => !has.includes(platform))
  const twice = has.filter((platform, at) => has.indexOf(platform) !== at)
  const problems = [
    ...(has.length === 0 ? ["it has no image"] : []),
    ...missing.map((platform) => `it has no image for ${platform}`),
    ...twice.map((platform) => `it has several images for ${platform}`),
  ]
  return verdict(subject, "platforms", problems.length === 0 ? undefined : problems.join(", "), has.join(", "))
}

function verifyPlatform({ digest, platform, manifest, config, referrers }: StoredImage, demands: Demands): Finding[] {
  const real = platformOf(config)
  const subject = { subject: platform || real || digest, digest }
  const evidence = referrers.map((referrer) => examine(referrer, digest, demands))
  return [
    verdict(subject, "contents", contentsProblem(digest, platform, manifest, config)),
    ...IMAGE_EVIDENCE.map((kind) => evidenceFinding(subject, kind, evidence)),
  ]
}

function contentsProblem(
  digest: string,
  platform: string,
  manifest: string | undefined,
  config: string | undefined,
): string | undefined {
  if (manifest === undefined) return "its manifest is missing"
  const changed = unequal(manifest, digest)
  if (changed !== undefined) return changed
  const wanted = attempt(() => z.looseObject({ config: descriptorSchema }).parse(JSON.parse(manifest)))?.config.digest
  if (wanted === undefined) return "it is not a manifest of OCI"
  if (config === undefined) return "its configuration is missing"
  if (unequal(config, wanted) !== undefined) return "its configuration was changed"
  const real = platformOf(config)
  if (real === undefined) return "its configuration is not one of OCI"
  return platform === "" || platform === real ? undefined : `it is an image for ${real}`
}

function platformOf(config: string | undefined): string | undefined {
  const found = attempt(() => configSchema.parse(JSON.parse(config ?? "")))
  return found && `${found.os}/${found.architecture}`
}

/** @throws RunnerImagesError VERIFICATION_FAILED naming everything that is wrong */
export function assertVerified({ digest, findings }: Verification): void {
  const failed = findings.filter(({ verdict }) => verdict === "failed")
  if (failed.length === 0) return
  throw new RunnerImagesError(
    "VERIFICATION_FAILED",
    `${digest} is not verified:`,
    "Do not run it. Get the image again from where it was published, and compare the digest with what its publisher says.",
    { details: failed.map(({ subject, examined, reason }) => `${subject}, ${examined}: ${reason}`) },
  )
}

/** What one referrer proves, or why it proves nothing. */
interface Evidence {
  /** Undefined for what is not ours. */
  kind: EvidenceKind | undefined
  /** Undefined if it holds. */
  problem?: string
  signer?: string
  statement?: Statement
}

function examine({ descriptor, manifest, content }: StoredReferrer, digest: string, demands: Demands): Evidence {
  // Whoever can write to the registry writes annotations: these only say which evidence a broken one would have been.
  const annotations = { ...descriptor.annotations, ...annotationsOf(manifest) }
  const claimed = kindOf(predicateIn(annotations) ?? "")
  const broken = (problem: string): Evidence => ({ kind: claimed, problem })
  if (manifest === undefined) return broken("its manifest is missing")
  if (unequal(manifest, descriptor.digest) !== undefined) return broken("its manifest was changed")
  const artifact = attempt(() => artifactSchema.parse(JSON.parse(manifest)))
  if (!artifact) return broken("its manifest is not one of an artifact")
  if (artifact.subject.digest !== digest) return broken(`it refers to another image (${artifact.subject.digest})`)
  const [layer] = artifact.layers
  if (layer.mediaType !== BUNDLE_MEDIA_TYPE) return broken("it is attached, but nothing signs it")
  if (content === undefined) return broken("its content is missing")
  if (unequal(content, layer.digest) !== undefined) return broken("its content was changed")
  try {
    const { payload, signer } = verifyBundle(content, demands.trust)
    const statement = parseStatement(payload, (why) => new BundleProblem(`it is no statement: ${why}`))
    const kind = kindOf(statement.predicateType)
    const problem = subjectProblem(statement, digest, demands.repository) ?? predicateProblem(kind, statement)
    return { kind, signer, statement, ...(problem === undefined ? {} : { problem }) }
  } catch (error) {
    if (error instanceof BundleProblem) return broken(error.message)
    throw error
  }
}

/** A statement without a name, such as of `cosign sign`, says nothing about where the image belongs. */
function subjectProblem({ subject }: Statement, digest: string, repository: string): string | undefined {
  const sha256 = digest.replace("sha256:", "")
  const about = subject.filter((one) => one.digest.sha256 === sha256)
  if (about.length === 0)
    return `it is about another image (sha256:${subject.map((one) => one.digest.sha256 ?? "?").join(", sha256:")})`
  const names = about.flatMap(({ name }) => name ?? [])
  if (names.length === 0 || names.includes(repository)) return undefined
  return `it is of another repository (${names.join(", ")})`
}

function predicateProblem(kind: EvidenceKind | undefined, { predicate }: Statement): string | undefined {
  if (kind === "tests") {
    const results = testResultsSchema.safeParse(predicate)
    if (!results.success) return "it has not the form of test results"
    const { result, failedTests } = results.data
    if (result === "FAILED" || failedTests.length > 0) return `${FAILED_TESTS}${failedTests.join(", ")}`
  }
  if (kind === "provenance" && !provenanceSchema.safeParse(predicate).success)
    return "it has not the form of provenance"
  if (kind === "spdx" && predicate.SPDXID !== "SPDXRef-DOCUMENT") return "it is no document of SPDX"
  if (kind === "cyclonedx" && predicate.bomFormat !== "CycloneDX") return "it is no document of CycloneDX"
  return undefined
}

const FAILED_TESTS = "tests failed: "

/**
 * One that holds is enough: anybody who may write to the registry can attach others. Only a failed test counts whatever else there is, since
 * the signer said so.
 */
function evidenceFinding(
  subject: Pick<Finding, "subject" | "digest">,
  kind: EvidenceKind,
  all: readonly Evidence[],
): Finding {
  const evidence = all.filter((one) => one.kind === kind)
  const good = evidence.find(({ problem }) => problem === undefined)
  const problems = [...new Set(evidence.flatMap(({ problem }) => problem ?? []))]
  const failed = problems.find((problem) => problem.startsWith(FAILED_TESTS))
  if (failed !== undefined) return verdict(subject, kind, failed)
  if (good?.statement && good.signer !== undefined)
    return { ...verdict(subject, kind, undefined, says(kind, good.statement)), signer: good.signer }
  return verdict(subject, kind, problems.length === 0 ? `it has no ${EVIDENCE_TYPES[kind].title}` : problems.join("; "))
}

function says(kind: EvidenceKind, { predicate, subject }: Statement): string {
  const unnamed = subject.every(({ name }) => name === undefined) ? ", without the name of a repository" : ""
  return `${contentsOf(kind, predicate)}${unnamed}`
}

function contentsOf(kind: EvidenceKind, predicate: Statement["predicate"]): string {
  if (kind === "tests") {
    const { passedTests, warnedTests } = testResultsSchema.parse(predicate)
    const open = warnedTests.length === 0 ? "" : `, ${String(warnedTests.length)} without an answer`
    return `${String(passedTests.length)} passed${open}`
  }
  if (kind === "provenance") {
    const { buildDefinition, runDetails } = provenanceSchema.parse(predicate)
    const { url = "an unknown place", revision = "an unknown commit" } = buildDefinition.externalParameters.source ?? {}
    const version = Object.values(runDetails.builder.version).join(", ")
    return `built by version ${version || "unknown"} from ${url} at ${revision}, of ${String(buildDefinition.resolvedDependencies.length)} materials`
  }
  return kind === "signature" ? "about this image" : "a document about this image"
}

/** The report is not signed: the test results name it by its digest. */
function reportFinding(
  subject: Pick<Finding, "subject" | "digest">,
  referrers: readonly StoredReferrer[],
  evidence: readonly Evidence[],
): Finding {
  const results = evidence.find(({ kind, problem }) => kind === "tests" && problem === undefined)?.statement
  const named = results && testResultsSchema.parse(results.predicate).configuration
  const digests = named?.filter(({ mediaType }) => mediaType === REPORT_MEDIA_TYPE).map(({ digest }) => digest?.sha256)
  if (!digests || digests.length === 0) return verdict(subject, "report", "no valid test results name it")
  const reports = referrers.filter(({ manifest }) => mediaTypeOf(manifest) === REPORT_MEDIA_TYPE)
  if (reports.length === 0) return verdict(subject, "report", "it has no report")
  const right = reports.some(
    ({ content }) => content !== undefined && digests.includes(digestOf(content).replace("sha256:", "")),
  )
  return verdict(
    subject,
    "report",
    right ? undefined : "it is not the one that the test results name",
    "the one that the test results name",
  )
}

function mediaTypeOf(manifest: string | undefined): string | undefined {
  return attempt(() => artifactSchema.parse(JSON.parse(manifest ?? "")))?.layers[0].mediaType
}

function annotationsOf(manifest: string | undefined): Record<string, string> | undefined {
  const schema = z.looseObject({ annotations: z.record(z.string(), z.string()) })
  return attempt(() => schema.parse(JSON.parse(manifest ?? "")))?.annotations
}

function unequal(text: string, digest: string): string | undefined {
  const actual = digestOf(text)
  return actual === digest ? undefined : `it was changed: its digest is ${actual}`
}

function verdict(
  subject: Pick<Finding, "subject" | "digest">,
  examined: Examined,
  problem: string | undefined,
  good = "as its digest says",
): Finding {
  return {
    subject: subject.subject,
    digest: subject.digest,
    examined,
    verdict: problem === undefined ? "passed" : "failed",
    reason: problem ?? good,
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
