import { PLATFORMS, spelling, type PlatformName, type PlatformSpelling } from "../../platforms.js"
import type { Feed } from "./feed.js"

export type FileUrl = (version: string, platform: PlatformSpelling) => string

/** The names of a version's files, which are the last part of their URLs. */
export function assetNames(url: FileUrl, version: string): { platform: PlatformName; name: string }[] {
  return PLATFORMS.map((platform) => {
    const address = url(version, spelling(platform))
    return { platform, name: address.slice(address.lastIndexOf("/") + 1) }
  })
}

/** For vendors that publish no checksum: the file is downloaded, and its hash is pinned. */
export function hashed(url: FileUrl): Pick<Feed, "hashes" | "checksum"> {
  return {
    hashes: true,
    checksum: (access, version, platform) => access.sha256(url(version, spelling(platform))),
  }
}
