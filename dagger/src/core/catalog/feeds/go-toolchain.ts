import { z } from "zod"
import { PLATFORMS, spelling, type PlatformName } from "../../platforms.js"
import { UNKNOWN, type ToolEntry } from "../schema.js"
import { FINISHED, readAnswer, type Feed, type VendorRelease } from "./feed.js"

type GoToolchain = ToolEntry["registry"] & { kind: "go-toolchain" }

const versionsSchema = z.object({ Versions: z.array(z.string()) })
const moduleSchema = z.object({ Sum: z.string() })

/** Go's toolchains as modules, read with the go command: from its configured proxy, and verified by its checksum database. */
export function goToolchainFeed({ path, version: moduleVersion }: GoToolchain): Feed {
  return {
    async releases(access) {
      const answer = await access.client("go", ["list", "-m", "-versions", "-json", path])
      const { Versions } = readAnswer(versionsSchema, answer, `go list -m ${path}`)
      const known = new Set(Versions)
      const numbers = new Set(Versions.map((version) => /-go([^-]*)\.linux-/.exec(version)?.[1] ?? ""))
      return [...numbers].flatMap((version): VendorRelease[] => {
        if (!FINISHED.test(version)) return []
        const there = PLATFORMS.filter((platform) => known.has(moduleVersion(version, spelling(platform))))
        // The proxy dates the modules of one release differently.
        const files: Partial<Record<PlatformName, string>> = {}
        for (const platform of there) files[platform] = UNKNOWN
        return [{ version, released: UNKNOWN, files }]
      })
    },
    async checksum(access, version, platform) {
      const name = `${path}@${moduleVersion(version, spelling(platform))}`
      const answer = await access.client("go", ["mod", "download", "-json", name])
      return readAnswer(moduleSchema, answer, `go mod download ${name}`).Sum
    },
  }
}
