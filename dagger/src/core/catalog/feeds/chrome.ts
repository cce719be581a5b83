import { z } from "zod"
import { PLATFORMS, spelling } from "../../platforms.js"
import { UNKNOWN } from "../schema.js"
import { readAnswer, type Feed } from "./feed.js"
import { hashed, type FileUrl } from "./files.js"

const VERSIONS = "https://googlechromelabs.github.io/chrome-for-testing/last-known-good-versions-with-downloads.json"
const downloads = z.array(z.object({ platform: z.string(), url: z.string() })).optional()
const versionsSchema = z.object({
  channels: z.object({
    Stable: z.object({ version: z.string(), downloads: z.object({ chrome: downloads, chromedriver: downloads }) }),
  }),
})

/** Chrome for Testing's stable version, without checksums and without a day. */
export function chromeFeed(program: "chrome" | "chromedriver", url: FileUrl): Feed {
  return {
    async releases(access) {
      const { channels } = readAnswer(versionsSchema, await access.text(VERSIONS), VERSIONS)
      const { version, downloads } = channels.Stable
      const names = (downloads[program] ?? []).map(({ platform }) => platform)
      const there = PLATFORMS.filter((platform) => names.includes(spelling(platform).chromeForTesting))
      const files = Object.fromEntries(there.map((platform) => [platform, UNKNOWN]))
      return [{ version, released: UNKNOWN, files }]
    },
    ...hashed(url),
  }
}
