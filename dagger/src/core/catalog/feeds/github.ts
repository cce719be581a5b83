import { z } from "zod"
import { UNKNOWN } from "../schema.js"
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

/** Releases of a GitHub repository, whose API knows the SHA-256 of every asset. */
export function githubFeed(repository: string, url: FileUrl): Feed {
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
    ...hashed(url),
  }
}
