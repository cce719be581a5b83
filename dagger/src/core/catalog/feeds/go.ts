import { z } from "zod"
import { UNKNOWN } from "../schema.js"
import { FINISHED, readAnswer, type Feed, type VendorRelease } from "./feed.js"
import { assetNames, hashed, type FileUrl } from "./files.js"

const DOWNLOADS = "https://go.dev/dl/?mode=json"
const downloadsSchema = z.array(
  z.object({
    version: z.string(),
    stable: z.boolean(),
    files: z.array(z.object({ filename: z.string(), sha256: z.string() })),
  }),
)

/** Go's list of downloads, with checksums and without days. */
export function goFeed(url: FileUrl): Feed {
  return {
    async releases(access) {
      const downloads = readAnswer(downloadsSchema, await access.text(DOWNLOADS), DOWNLOADS)
      return downloads.flatMap(({ version: name, stable, files: all }): VendorRelease[] => {
        const version = name.replace(/^go/, "")
        if (!stable || !FINISHED.test(version)) return []
        const sums = new Map(all.map(({ filename, sha256 }) => [filename, sha256]))
        const files = Object.fromEntries(
          assetNames(url, version).flatMap((asset) => {
            const sum = sums.get(asset.name)
            return sum === undefined ? [] : [[asset.platform, sum === "" ? UNKNOWN : sum]]
          }),
        )
        return [{ version, released: UNKNOWN, files }]
      })
    },
    ...hashed(url),
  }
}
