import { dag } from "@dagger.io/dagger"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { parseSnapshot } from "../../dagger/src/core/packages/snapshot.js"
import type { LockedPackage } from "../../dagger/src/core/report/report.js"
import { DEFAULT_BASE } from "../../dagger/src/core/variants/bases.js"
import { readArchive } from "../../dagger/src/pipeline/engine/package-archive.js"
import { download, resolvePackages } from "../../dagger/src/pipeline/packages/packages.js"
import type { EngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { loopbackService } from "../../src/runs/loopback.js"
import { inSession } from "./foreign-packages.js"
import { BOTH } from "./images.js"
import { packageSnapshots, type PackageSnapshots } from "./package-snapshots.js"

const lockOf = (packages: readonly LockedPackage[]) =>
  packages.map(({ name, version, sha256 }) => ({ name, version, sha256 }))

/** A package that consists of nothing, and needs another in any version. */
const stanza = (name: string, version: string, depends = "") =>
  [
    `Package: ${name}`,
    `Version: ${version}`,
    "Architecture: all",
    ...(depends === "" ? [] : [`Depends: ${depends}`]),
    `Filename: ./${name}_${version}_all.deb`,
    "Size: 1",
    `SHA256: ${version.replace(/\D/g, "").padEnd(64, "0")}`,
    "Description: nothing",
    "",
  ].join("\n")

/** apt with an archive of a few packages, of which it has several versions. */
function withArchive(engineHost: EngineHost, stanzas: readonly string[]): EngineHost {
  const container = engineHost.container
    .withNewFile("/repository/Packages", stanzas.join("\n"))
    .withNewFile("/etc/apt/sources.list", "deb [trusted=yes] file:/repository ./\n")
  return { ...engineHost, container }
}

async function resolvedWith(stanzas: readonly string[], requested: string[], locked?: readonly LockedPackage[]) {
  return inSession(async (real) => {
    const engineHost = withArchive(real, stanzas)
    const lists = engineHost.container.withExec(["apt-get", "update", "-q"]).directory("/var/lib/apt/lists")
    const { platform } = engineHost
    try {
      const archive = { releases: [], lists }
      const { packages } = await resolvePackages(engineHost, archive, platform, requested, real.root(platform), locked)
      return packages.map(({ name, version }) => `${name} ${version}`)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  })
}

const locked = (name: string, version: string): LockedPackage => ({
  name,
  version,
  sha256: version.replace(/\D/g, "").padEnd(64, "0"),
})

describe("a lock", () => {
  const ARCHIVE = [stanza("tool", "1.0", "library"), stanza("tool", "2.0", "library"), stanza("library", "1.0")]
  const NEWER = [...ARCHIVE, stanza("library", "3.0")]

  it("takes its versions although the archive has newer ones too", async () => {
    expect(await resolvedWith(NEWER, ["tool"])).toEqual(["library 3.0", "tool 2.0"])
    expect(await resolvedWith(NEWER, ["tool"], [locked("tool", "1.0"), locked("library", "1.0")])).toEqual([
      "library 1.0",
      "tool 1.0",
    ])
  })

  it("names the packages that the archive no longer has", async () => {
    const lock = [locked("tool", "0.9"), locked("library", "1.0")]
    expect(await resolvedWith(ARCHIVE, ["tool"], lock)).toMatch(
      /^The archive no longer offers these locked packages for linux\/\w+: tool 0\.9\. .*--snapshot distribution/,
    )
  })
})

it("a lock names the packages that it does not have", async () => {
  const archive = [stanza("tool", "1.0", "library"), stanza("library", "1.0"), stanza("other", "1.0", "library")]
  expect(await resolvedWith(archive, ["other"], [locked("tool", "1.0")])).toMatch(
    /^The lock lacks packages that the image needs on linux\/\w+: library, other\. .*\[LOCK_INVALID\]$/,
  )
})

describe("a lock whose packages come from snapshots", () => {
  let snapshots: PackageSnapshots
  beforeAll(async () => {
    snapshots = await packageSnapshots()
  })
  afterAll(() => snapshots.close())

  it("has the same packages from there, for every platform", async () => {
    const found = await inSession(async (engineHost) => {
      const { archive } = engineHost
      const service = loopbackService(dag, { host: "127.0.0.1", port: snapshots.port })
      const url = `http://127.0.0.1:${String(snapshots.port)}/archive`
      const snapshot = parseSnapshot(url, DEFAULT_BASE, { releases: archive.releases, platforms: {} })
      const then = await readArchive(engineHost, "never", { snapshot, service })
      const compared = BOTH.map(async (platform) => {
        const now = await resolvePackages(engineHost, archive, platform, ["jq", "openssl"], engineHost.root(platform))
        const packages = lockOf(now.packages)
        const again = await resolvePackages(
          ...([engineHost, then, platform, ["jq", "openssl"], engineHost.root(platform), packages] as const),
        )
        return { packages, again: lockOf(again.packages), files: await download(engineHost, again).entries() }
      })
      return Promise.all(compared)
    })
    for (const { packages, again, files } of found) {
      expect(packages.map(({ name }) => name)).toContain("jq")
      expect(again).toEqual(packages)
      expect(files.filter((name) => name.endsWith(".deb"))).toHaveLength(packages.length)
    }
    expect(new Set(snapshots.requests.map((path) => path.split("/").slice(0, 3).join("/")))).toEqual(
      new Set(["/archive/debian", "/archive/debian-security"]),
    )
    expect(snapshots.requests.some((path) => path.endsWith(".deb"))).toBe(true)
  })
})
