import { z } from "zod"
import { UNKNOWN } from "../schema.js"
import { RunnerImagesError } from "../../errors.js"
import { PLATFORMS } from "../../platforms.js"
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

/** Without the bundles themselves, in versions of the API that only name their addresses. */
const attestationsSchema = z.object({ attestations: z.array(z.object({ bundle: z.unknown() })) })

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
    async signature(access, _, checksums) {
      const signatures: Signature[] = []
      for (const platform of PLATFORMS) {
        const signature = await attestationOf(access, { sha256: checksums[platform], repository, signer })
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

/** @throws RunnerImagesError SIGNATURE_INVALID when there are attestations of the file, but none is the vendor's */
async function attestationOf(access: PinningAccess, file: AttestedFile): Promise<Signature | undefined> {
  const address = `https://api.github.com/repos/${file.repository}/attestations/sha256:${file.sha256}?predicate_type=provenance`
  const answer = await access.textIfAny(address)
  if (answer === undefined) return undefined
  const { attestations } = readAnswer(attestationsSchema, answer, address)
  let failure: RunnerImagesError | undefined
  for (const { bundle } of attestations) {
    if (typeof bundle !== "object" || bundle === null) continue
    try {
      return { by: "sigstore", ...access.verifiers.sigstore(JSON.stringify(bundle), file, address) }
    } catch (error) {
      if (!(error instanceof RunnerImagesError)) throw error
      failure ??= error
    }
  }
  if (failure) throw failure
  return undefined
}
