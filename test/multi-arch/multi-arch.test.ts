import { mkdtemp, rm } from "node:fs/promises"
import { readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { FileManifest } from "../../dagger/src/core/parity/file-manifest.js"
import { compareImages } from "../../dagger/src/core/parity/image-parity.js"
import { parsePlatformDifferences } from "../../dagger/src/core/parity/platform-differences.js"
import { PLATFORMS, spelling, type PlatformName } from "../../dagger/src/core/platforms.js"
import { differenceText } from "../../dagger/src/core/render/image-parity.js"
import { ensureOciTools } from "../e2e/oci-tools.js"
import { CASES } from "../lifecycle/cases.js"
import { whyNotRunnable } from "../lifecycle/emulation.js"
import { runCase } from "../lifecycle/lifecycle-case.js"
import { type UnpackedImage, unpackImage } from "../lifecycle/oci-image.js"
import { contentsOf, filesOf, layoutOf, platformsOf } from "./published-image.js"
import { REFERENCE } from "./reference.js"

/** What a runner does in its life that depends on the programs of its platform. */
const LIFECYCLE = [
  "version",
  "register-and-run-job",
  "ephemeral-leaves",
  "labels-of-the-platform",
  "healthy-once-registered",
  "actions",
  "sigterm-busy",
]

const ALLOWED = new URL("../../dagger/src/core/parity/platform-differences.json", import.meta.url)

const reference = process.env[REFERENCE]
const why = reference === undefined ? "no image is named: npm run test:multi-arch -- REFERENCE" : undefined

describe.skipIf(why !== undefined)(`the image ${reference ?? "(none)"}`, () => {
  let work: string
  let layout: string
  const images = new Map<PlatformName, { image: UnpackedImage; files: FileManifest }>()
  const of = (platform: PlatformName) => {
    const found = images.get(platform)
    if (!found) throw new Error(`${reference ?? ""} has no image for ${platform}`)
    return found
  }

  beforeAll(async () => {
    await ensureOciTools("attr")
    work = await mkdtemp(join(tmpdir(), "runner-images-multi-arch-"))
    layout = await layoutOf(reference ?? "", join(work, "layout"))
    for (const platform of PLATFORMS) {
      const image = await unpackImage(layout, platform, work)
      images.set(platform, { image, files: await filesOf(image) })
    }
  })
  afterAll(async () => {
    await rm(work, { recursive: true, force: true })
  })

  it("has a manifest list of exactly the platforms", async () => {
    expect((await platformsOf(layout)).sort()).toEqual([...PLATFORMS].sort())
  })

  it("has the same packages, accounts, configuration and own files on every platform, but for what the platform explains", async () => {
    const contents = await Promise.all(PLATFORMS.map(of).map(({ image, files }) => contentsOf(image, files)))
    const { software, paths, differences } = compareImages(contents, {
      allowed: parsePlatformDifferences(readFileSync(ALLOWED, "utf8")),
    })
    expect(software.length).toBeGreaterThan(100)
    expect(paths).toBeGreaterThan(100)
    expect(differences.map(differenceText)).toEqual([])
  })

  describe.each(PLATFORMS)("for %s", (platform) => {
    it("has programs and libraries for this platform alone", () => {
      const { elfClass, elfMachine } = spelling(platform)
      const own = `ELF ${String(elfClass)}/${String(elfMachine)}`
      const programs = [...of(platform).files].filter(([, { code }]) => code?.startsWith("ELF ") === true)
      expect(programs.filter(([, { code }]) => code === own).length).toBeGreaterThan(100)
      expect(programs.filter(([, { code }]) => code !== own)).toEqual([])
    })

    it.for(LIFECYCLE)("%s", async (name, { skip }) => {
      const notHere = whyNotRunnable(platform)
      skip(notHere !== undefined, notHere)
      const found = CASES.find((each) => each.name === name)
      if (!found) throw new Error(`there is no lifecycle case ${name}`)
      await runCase(found, of(platform).image)
    })
  })
})
