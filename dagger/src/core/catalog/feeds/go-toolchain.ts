import { z } from "zod"
import { PLATFORMS, spelling, type PlatformName } from "../../platforms.js"
import { UNKNOWN, type ToolEntry } from "../schema.js"
import { FINISHED, otherChecksum, readAnswer, type Feed, type VendorRelease } from "./feed.js"

type GoToolchain = ToolEntry["registry"] & { kind: "go-toolchain" }

const versionsSchema = z.object({ Versions: z.array(z.string()) })
const moduleSchema = z.object({ Sum: z.string() })
const environmentSchema = z.object({ GOSUMDB: z.string(), GOPROXY: z.string(), GOVERSION: z.string() })
/** The databases whose key the go command has built in; both are the same. */
const DATABASES = ["sum.golang.org", "sum.golang.google.cn"]

/** Go's toolchains as modules, read with the go command: from its configured proxy, and verified by its checksum database. */
export function goToolchainFeed({ path, version: moduleVersion }: GoToolchain): Feed {
  const checksum: Feed["checksum"] = async (access, version, platform) => {
    const name = `${path}@${moduleVersion(version, spelling(platform))}`
    const answer = await access.client("go", ["mod", "download", "-json", name])
    return readAnswer(moduleSchema, answer, `go mod download ${name}`).Sum
  }
  return {
    checksum,
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
    async signature(access, version, checksums) {
      const question = ["env", "-json", "GOSUMDB", "GOPROXY", "GOVERSION"]
      const environment = readAnswer(environmentSchema, await access.client("go", question), "go env")
      if (!verifiesToolchains(environment)) return undefined
      for (const platform of PLATFORMS) {
        const verified = await checksum(access, version, platform)
        if (verified !== checksums[platform])
          throw otherChecksum(
            moduleVersion(version, spelling(platform)),
            checksums[platform],
            verified,
            environment.GOSUMDB,
          )
      }
      return { by: "go-sumdb", database: environment.GOSUMDB }
    },
  }
}

/**
 * Since 1.21, the go command downloads a toolchain only if the checksum database has the same checksum, GONOSUMDB or not; with GOSUMDB=off it
 * downloads none. Only what comes from a folder is not compared.
 */
function verifiesToolchains({ GOSUMDB, GOPROXY, GOVERSION }: z.infer<typeof environmentSchema>): boolean {
  const [, minor = "0"] = /^go1\.(\d+)/.exec(GOVERSION) ?? []
  return DATABASES.includes(GOSUMDB) && !GOPROXY.startsWith("file:") && Number(minor) >= 21
}
