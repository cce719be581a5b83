import { PLATFORMS, spelling, type PlatformName } from "../../platforms.js"
import { UNKNOWN } from "../schema.js"
import { dayOf, FINISHED, type Feed, type VendorRelease } from "./feed.js"
import { hashed, type FileUrl } from "./files.js"

/** A line of the listing: the file's name, then its day if the server gives it. */
const LINE = /href="docker-(\d[^"]*)\.tgz"[^\n]*?<\/a>(?:\s*(\d{4}-\d\d-\d\d))?/g

/** Docker's folders of static builds, one per platform, without checksums. */
export function dockerFeed(url: FileUrl): Feed {
  return {
    async releases(access) {
      const releases = new Map<string, VendorRelease>()
      for (const platform of PLATFORMS) {
        const address = `https://download.docker.com/linux/static/stable/${spelling(platform).gnu}/`
        for (const { version, released } of listed(await access.text(address), address)) {
          const files: Partial<Record<PlatformName, string>> = { ...releases.get(version)?.files, [platform]: UNKNOWN }
          releases.set(version, { version, released, files })
        }
      }
      return [...releases.values()]
    },
    ...hashed(url),
  }
}

function listed(page: string, address: string): { version: string; released: string }[] {
  const found = [...page.matchAll(LINE)].map(([, version = "", day]) => ({ version, released: dayOf(day) }))
  if (found.length === 0) throw new Error(`${address} lists no docker-VERSION.tgz`)
  return found.filter(({ version }) => FINISHED.test(version))
}
