import { bundleFromJSON, type Bundle } from "@sigstore/bundle"
import { TrustedRoot } from "@sigstore/protobuf-specs"
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify"
import { z } from "zod"
import type { AttestedFile } from "../../dagger/src/core/catalog/verification.js"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"

/** Who tells Sigstore which workflow runs. */
export const GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
/** Source Repository URI: https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md */
const SOURCE_REPOSITORY = [1, 3, 6, 1, 4, 1, 57264, 1, 12]
const UTF8_STRING = 0x0c

const statementSchema = z.object({
  predicateType: z.string(),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })),
})

/**
 * Verifies a vendor's attestation of a file, made by a workflow on GitHub: its certificate, its entry in the log, its signature, the
 * repository whose workflow it was, and that it is about the file.
 *
 * @param text a Sigstore bundle with an in-toto statement about how the file was built
 * @param root JSON: the authorities and logs that are trusted
 * @throws RunnerImagesError SIGNATURE_INVALID
 */
export function attestedBy(
  text: string,
  { sha256, repository, signer }: AttestedFile,
  from: string,
  root: string,
): { identity: string; issuer: string } {
  const invalid = (why: string, cause?: unknown) =>
    new RunnerImagesError(
      "SIGNATURE_INVALID",
      `${from} has an attestation of ${sha256} that does not prove that it is ${repository}'s: ${why}.`,
      "Find out why before you pin it: somebody may have replaced the file, or its vendor builds it in another way now.",
      { cause },
    )
  const signers = [repository, ...(signer === undefined ? [] : [signer])].map(escaped).join("|")
  const source = Buffer.from(`https://github.com/${repository}`)
  let bundle: Bundle
  let identity: string | undefined
  try {
    bundle = bundleFromJSON(JSON.parse(text))
    const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(root))))
    const found = verifier.verify(toSignedEntity(bundle), {
      subjectAlternativeName: `^https://github\\.com/(${signers})/\\.github/workflows/`,
      extensions: { issuer: GITHUB_ISSUER },
      oids: [
        {
          oid: { id: SOURCE_REPOSITORY },
          value: Buffer.concat([Buffer.of(UTF8_STRING, source.length), source]),
        },
      ],
    })
    identity = found.identity?.subjectAlternativeName
  } catch (error) {
    throw invalid(error instanceof Error ? error.message.replace(/\.$/, "") : String(error), error)
  }
  if (bundle.content.$case !== "dsseEnvelope") throw invalid("it has no statement")
  const { payload } = bundle.content.dsseEnvelope
  const statement = statementSchema.safeParse(parsed(payload.toString("utf8")))
  if (!statement.success) throw invalid("its statement is not in-toto's")
  const { predicateType, subject } = statement.data
  if (!predicateType.startsWith("https://slsa.dev/provenance/"))
    throw invalid(`it says nothing of how the file was built, but is a ${predicateType}`)
  if (!subject.some(({ digest }) => digest.sha256 === sha256)) throw invalid("it is about other files")
  return { identity: identity ?? "", issuer: GITHUB_ISSUER }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
}
