import { z } from "zod"
import { PLATFORMS, spelling, type PlatformName, type PlatformSpelling } from "../../platforms.js"
import { UNKNOWN } from "../schema.js"
import { dayOf, FINISHED, otherChecksum, readAnswer, type Feed, type VendorRelease } from "./feed.js"

/** With a single version, the registry gives it as a string instead of a list. */
const packageSchema = z.object({
  versions: z.union([z.string(), z.array(z.string())]).transform((versions) => [versions].flat()),
  time: z.record(z.string(), z.string()).default({}),
})
const integritySchema = z.string()
/** Registries that are mirrors may leave signatures out. */
const distSchema = z.object({
  integrity: z.string(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.string() })).default([]),
})

/** Packages of the npm registry that the npm client is configured for. */
export function npmFeed(packageName: (platform: PlatformSpelling) => string): Feed {
  return {
    async releases(access) {
      const releases = new Map<string, VendorRelease>()
      for (const [name, platforms] of byName(packageName)) {
        const answer = await access.client("npm", ["view", name, "versions", "time", "--json"])
        const { versions, time } = readAnswer(packageSchema, answer, `npm view ${name}`)
        for (const version of versions.filter((candidate) => FINISHED.test(candidate))) {
          const files = { ...releases.get(version)?.files }
          for (const platform of platforms) files[platform] = UNKNOWN
          releases.set(version, { version, released: dayOf(time[version]), files })
        }
      }
      return [...releases.values()]
    },
    async checksum(access, version, platform) {
      const name = `${packageName(spelling(platform))}@${version}`
      return readAnswer(integritySchema, await access.client("npm", ["view", name, "dist.integrity", "--json"]), name)
    },
    async signature(access, version, checksums) {
      const keys = new Set<string | undefined>()
      for (const [packageOnly, platforms] of byName(packageName)) {
        const name = `${packageOnly}@${version}`
        const answer = await access.client("npm", ["view", name, "dist", "--json"])
        const { integrity, signatures } = readAnswer(distSchema, answer, `npm view ${name}`)
        for (const platform of platforms)
          if (integrity !== checksums[platform])
            throw otherChecksum(name, checksums[platform], integrity, "the registry")
        keys.add(access.verifiers.npm({ name, integrity, signatures }))
      }
      const [key] = keys
      return keys.size === 1 && key !== undefined ? { by: "npm-signature", key } : undefined
    },
  }
}

/** A package that is the same on every platform is only looked up once. */
function byName(packageName: (platform: PlatformSpelling) => string): Map<string, PlatformName[]> {
  const names = new Map<string, PlatformName[]>()
  for (const platform of PLATFORMS) {
    const name = packageName(spelling(platform))
    names.set(name, [...(names.get(name) ?? []), platform])
  }
  return names
}
