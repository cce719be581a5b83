import { canonicalJson, digestOf } from "../oci/documents.js"
import { sbomText } from "../sbom/documents.js"
import { RunnerImagesError } from "../errors.js"
import type { PlatformReport, Report } from "../report/report.js"
import { EVIDENCE_TYPES, type EvidenceKind } from "./kinds.js"
import { provenanceOf } from "./provenance.js"
import {
  BUNDLE_MEDIA_TYPE,
  PLAIN_PREDICATE_ANNOTATION,
  PREDICATE_ANNOTATION,
  REPORT_MEDIA_TYPE,
  SBOM_MEDIA_TYPES,
} from "./referrer.js"
import type { Referrer } from "../oci/referrer.js"
import { STATEMENT_MEDIA_TYPE, statementOf } from "./statement.js"
import { testResultsOf } from "./test-results.js"

/** A built image, for all of its platforms. */
export interface EvidencedImage {
  report: Report
  /** The text of its report.json. */
  reportText: string
  /** Where it is published: evidence names these, so that it does not pass for that of another repository. */
  repositories: readonly string[]
}

/** Signs the text of an in-toto statement. Returns the text of a sigstore bundle, version 0.3. */
export interface StatementSigner {
  (statement: string): Promise<string>
  /**
   * The statement in a bundle that this signer made earlier, if it holds and has all that one made now would have; undefined otherwise. Absent where
   * nobody here can say that: who verifies an identity needs to know whom to trust.
   */
  readonly recognise?: (bundle: string) => string | undefined
}

/** One statement, before it is signed. */
interface Claim {
  subject: string
  kind: EvidenceKind
  predicate: object
  /** What is attached instead of the statement if nothing signs it. */
  file?: { mediaType: string; content: string }
}

/**
 * What is attached to published images: for every platform's image a signature, both bills of materials, provenance and test results; for the index
 * a signature, the provenance and test results of all platforms, and the report of the build. Without a signer there is no signature, and the others
 * are plain artifacts.
 *
 * The statements depend on the reports alone. Signatures do not: those of elliptic curves are random.
 *
 * @throws RunnerImagesError REPORT_INVALID when a report is of a build without images, or lacks what a bill of materials needs
 */
export async function evidenceOf(images: readonly EvidencedImage[], sign?: StatementSigner): Promise<Referrer[]> {
  const referrers: Referrer[] = []
  for (const image of images) {
    const created = { "org.opencontainers.image.created": image.report.created }
    // One after the other: a server that certifies each signature is asked for one at a time.
    for (const claim of claimsOf(image)) {
      const { predicateType } = EVIDENCE_TYPES[claim.kind]
      const statement = canonicalJson(statementOf(claim.subject, image.repositories, predicateType, claim.predicate))
      const made = sign ? await signed(claim, statement, created, sign) : plain(claim, statement, created)
      if (made) referrers.push(made)
    }
    referrers.push(reportOf(image, created))
  }
  return referrers
}

function claimsOf({ report, reportText }: EvidencedImage): Claim[] {
  const { index, platforms } = report
  if (index === undefined) throw noImages(report)
  const reportFile = { name: "report.json", digest: digestSet(reportText), mediaType: REPORT_MEDIA_TYPE }
  return [
    ...platforms.flatMap((entry) => imageClaims(report, entry)),
    signature(index),
    { subject: index, kind: "provenance", predicate: provenanceOf(report, platforms) },
    { subject: index, kind: "tests", predicate: testResultsOf(report, platforms, [reportFile]) },
  ]
}

function imageClaims(report: Report, entry: PlatformReport): Claim[] {
  const subject = entry.digest
  if (subject === undefined) throw noImages(report)
  const bill = (kind: keyof typeof SBOM_MEDIA_TYPES): Claim => {
    const content = sbomText(report, entry, kind)
    return {
      subject,
      kind,
      predicate: JSON.parse(content) as object,
      file: { mediaType: SBOM_MEDIA_TYPES[kind], content },
    }
  }
  return [
    signature(subject),
    bill("spdx"),
    bill("cyclonedx"),
    { subject, kind: "provenance", predicate: provenanceOf(report, [entry]) },
    { subject, kind: "tests", predicate: testResultsOf(report, [entry]) },
  ]
}

function signature(subject: string): Claim {
  return { subject, kind: "signature", predicate: {} }
}

async function signed(
  claim: Claim,
  statement: string,
  created: Record<string, string>,
  sign: StatementSigner,
): Promise<Referrer> {
  return {
    subject: claim.subject,
    artifactType: BUNDLE_MEDIA_TYPE,
    mediaType: BUNDLE_MEDIA_TYPE,
    annotations: {
      ...created,
      "dev.sigstore.bundle.content": "dsse-envelope",
      [PREDICATE_ANNOTATION]: EVIDENCE_TYPES[claim.kind].predicateType,
    },
    content: await sign(statement),
  }
}

/** A signature that nothing signed would mean nothing. */
function plain(
  { subject, kind, file }: Claim,
  statement: string,
  created: Record<string, string>,
): Referrer | undefined {
  if (kind === "signature") return undefined
  const { mediaType, content } = file ?? { mediaType: STATEMENT_MEDIA_TYPE, content: statement }
  return {
    subject,
    artifactType: mediaType,
    mediaType,
    // As BuildKit calls it.
    annotations: { ...created, [PLAIN_PREDICATE_ANNOTATION]: EVIDENCE_TYPES[kind].predicateType },
    content,
  }
}

/** Nothing signs it by itself: the index's test results name it by its digest. */
function reportOf({ report, reportText }: EvidencedImage, annotations: Record<string, string>): Referrer {
  const { index } = report
  if (index === undefined) throw noImages(report)
  return {
    subject: index,
    artifactType: REPORT_MEDIA_TYPE,
    mediaType: REPORT_MEDIA_TYPE,
    annotations,
    content: reportText,
  }
}

function digestSet(content: string): { sha256: string } {
  return { sha256: digestOf(content).replace("sha256:", "") }
}

function noImages({ variant }: Report): RunnerImagesError {
  return new RunnerImagesError(
    "REPORT_INVALID",
    `No evidence can be made of the report of ${variant}: no images were written in that build.`,
    "Build the images, and take the report of that.",
  )
}
