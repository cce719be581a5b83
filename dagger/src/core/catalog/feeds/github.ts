import { z } from "zod"
import { UNKNOWN } from "../schema.js"
import { RunnerImagesError } from "../../errors.js"
import { PLATFORMS, spelling } from "../../platforms.js"
import type { PinningAccess } from "../vendor-access.js"
import type { AttestedFile, Signature } from "../verification.js"
import { dayOf, FINISHED, readAnswer, type Feed, type VendorRelease } from "./feed.js"
import { assetNames, hashed, type FileUrl } from "./files.js"

const releasesSchema = z.array(
  z.object({
    tag_name: z.string(),
    draft: z.boolean(),
    prerelease: z.boolean(),
    published_at: z.string().nullable(),
    assets: z.array(z.object({ name: z.string(), digest: z.string().nullish() })),
  }),
)

const bundleSchema = z.looseObject({ dsseEnvelope: z.unknown().optional() })
type Bundle = z.infer<typeof bundleSchema>
/** Without the bundles themselves, in versions of the API that only name their addresses. */
const attestationsSchema = z.object({ attestations: z.array(z.object({ bundle: bundleSchema.nullish() })) })

/**
 * Releases of a GitHub repository, whose API knows the SHA-256 of every asset, and has attestations for it if a workflow made any.
 *
 * @param signer the repository of the workflow that attests, if it is another one
 */
export function githubFeed({ repository, signer }: { repository: string; signer?: string }, url: FileUrl): Feed {
  const address = `https://api.github.com/repos/${repository}/releases?per_page=50`
  return {
    async releases(access) {
      const releases = readAnswer(releasesSchema, await access.text(address), address)
      return releases.flatMap((release): VendorRelease[] => {
        const version = release.tag_name.replace(/^v/, "")
        if (release.draft || release.prerelease || !FINISHED.test(version)) return []
        const digests = new Map(release.assets.map(({ name, digest }) => [name, digest]))
        const files = Object.fromEntries(
          assetNames(url, version).flatMap(({ platform, name }) =>
            digests.has(name) ? [[platform, digests.get(name)?.replace(/^sha256:/, "") ?? UNKNOWN]] : [],
          ),
        )
        return [{ version, released: dayOf(release.published_at), files }]
      })
    },
    async signature(access, version, checksums) {
      const signatures: Signature[] = []
      for (const platform of PLATFORMS) {
        const file = { sha256: checksums[platform], repository, signer }
        const signature = await attestationOf(access, file, url(version, spelling(platform)))
        if (!signature) return undefined
        signatures.push(signature)
      }
      const [first, ...others] = signatures
      // All files of a release come from one run of a workflow.
      return others.every((other) => JSON.stringify(other) === JSON.stringify(first)) ? first : undefined
    },
    ...hashed(url),
  }
}

/**
 * Who attests that the vendor has built a file.
 *
 * @throws RunnerImagesError SIGNATURE_INVALID when there are attestations of the file, but none is the vendor's
 */
async function attestationOf(access: PinningAccess, file: AttestedFile, url: string): Promise<Signature | undefined> {
  const { from, bundles } = await bundlesOf(access, file, url)
  let failure: RunnerImagesError | undefined
  for (const bundle of bundles) {
    // A signature of the file itself, without a statement, could only be verified with the file.
    if (!bundle.dsseEnvelope) continue
    try {
      return { by: "sigstore", ...access.verifiers.sigstore(JSON.stringify(bundle), file, from) }
    } catch (error) {
      if (!(error instanceof RunnerImagesError)) throw error
      failure ??= error
    }
  }
  if (failure) throw failure
  return undefined
}

/** The bundle that is an asset beside the file, else those that GitHub has. */
async function bundlesOf(
  access: PinningAccess,
  { repository, sha256 }: AttestedFile,
  url: string,
): Promise<{ from: string; bundles: Bundle[] }> {
  const asset = `${url}.sigstore.json`
  const beside = await access.textIfAny(asset)
  if (beside !== undefined) return { from: asset, bundles: [readAnswer(bundleSchema, beside, asset)] }
  const from = `https://api.github.com/repos/${repository}/attestations/sha256:${sha256}?predicate_type=provenance`
  const answer = await access.textIfAny(from)
  const listed = answer === undefined ? [] : readAnswer(attestationsSchema, answer, from).attestations
  return { from, bundles: listed.flatMap(({ bundle }) => (bundle ? [bundle] : [])) }
}
