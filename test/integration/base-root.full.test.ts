import { createHash } from "node:crypto"
import { createReadStream, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { archOf, PLATFORMS, type PlatformName } from "../../dagger/src/core/platforms.js"
import { EMULATED, makeBaseRoot, type RunsPrograms } from "../../src/engine/bare/artefacts/base-root.js"
import { foreignRoot } from "../../src/engine/bare/artefacts/foreign-root.js"
import { readPackageArchive, type PackageArchive } from "../../src/engine/bare/artefacts/package-archive.js"
import { checkHost, hostFacts } from "../../src/engine/bare/host/host.js"
import { down } from "../../src/engine/bare/down.js"
import { locate, up } from "../../src/engine/bare/up.js"

const INSTANCE = "base-root-test"

const host = (() => {
  try {
    return checkHost(hostFacts(process.env))
  } catch {
    return undefined
  }
})()

describe.runIf(host)("the roots of base images", () => {
  const own = host as PlatformName
  const foreign = PLATFORMS.filter((platform) => platform !== own)
  const work = mkdtempSync(join(tmpdir(), "base-root-"))
  let archive: PackageArchive

  beforeAll(async () => {
    // Its kernel rule runs foreign programs. An instance of the test's own: this version may have to restart the one that others use.
    await up({ instance: INSTANCE, log: () => undefined })
    archive = await readPackageArchive(work, own)
  })
  afterAll(async () => {
    await down({ instance: INSTANCE, log: () => undefined })
    rmSync(locate(INSTANCE).folder.root, { recursive: true, force: true })
    rmSync(work, { recursive: true, force: true })
  })

  async function digestOf(platform: PlatformName, name: string, runs?: RunsPrograms): Promise<string> {
    const rootfs = join(work, `${name}-${archOf(platform)}.tar`)
    await makeBaseRoot(archive, platform, rootfs, work, runs)
    const hash = createHash("sha256")
    await pipeline(createReadStream(rootfs), hash)
    return hash.digest("hex")
  }

  it("are the same bytes each time", async () => {
    expect(await digestOf(own, "second")).toBe(await digestOf(own, "first"))
  })

  it.each(foreign)("of %s are the same bytes with native programs and emulated", async (platform) => {
    const native = foreignRoot(join(work, `first-${archOf(own)}.tar`), own, work)
    expect(await digestOf(platform, "native", native)).toBe(await digestOf(platform, "emulated", EMULATED))
  })
})
