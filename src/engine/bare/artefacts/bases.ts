import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { PLATFORMS, spelling, type PlatformName } from "../../../../dagger/src/core/platforms.js"
import { indexSchema, manifestSchema } from "../../../../dagger/src/core/oci/documents.js"
import { filesBelow, keyOf, makeOnce } from "./artefact.js"
import { EMULATED, makeBaseRoot, OVERLAY } from "./base-root.js"
import { foreignRoot } from "./foreign-root.js"
import { writeLayout } from "./oci-layout.js"
import type { PackageArchive } from "./package-archive.js"
import type { StateFolder } from "../state/state-folder.js"
import { BASE_NAME, BASE_TAG, SUITE } from "../state/version.js"

/** Increased with every change to what is built, so that outdated images are not reused. */
const RECIPE = "4"

export function basesKey(): string {
  return keyOf(OVERLAY, filesBelow(OVERLAY), [SUITE, RECIPE, ...PLATFORMS])
}

/** The digest of the index in a finished bases folder. */
export function baseDigest(folder: string): string {
  return readFileSync(join(folder, "digest"), "utf8").trim()
}

/** The file of the base image's layer for one platform in a finished bases folder: a compressed tar. */
export function baseLayer(folder: string, platform: PlatformName): string {
  const blob = (digest: string) => join(folder, "blobs", "sha256", digest.replace("sha256:", ""))
  const read = (digest: string): unknown => JSON.parse(readFileSync(blob(digest), "utf8"))
  const { arch } = spelling(platform)
  const entry = indexSchema
    .parse(read(baseDigest(folder)))
    .manifests.find((manifest) => manifest.platform?.architecture === arch)
  const layer = manifestSchema.parse(read(entry?.digest ?? "")).layers[0]
  return blob(layer?.digest ?? "")
}

/** The base image's reference on the engine, which gets it from its own mirror by the recorded digest. */
export function baseReference(digest: string): string {
  return `${BASE_NAME}@${digest}`
}

/**
 * Builds the base image of every platform from the distribution's signed package archive, as one OCI layout.
 *
 * Foreign programs run under the emulator, which must be registered with the kernel by now. All platforms' files are no newer than the
 * archive's Release files, which also give the images their creation time, so that the same archive gives the same images.
 */
export async function makeBases(
  state: StateFolder,
  key: string,
  work: string,
  host: PlatformName,
  packageArchive: () => Promise<PackageArchive>,
  { stopped, log }: { stopped: AbortSignal; log: (line: string) => void },
): Promise<string> {
  const folder = state.bases(key)
  await makeOnce(folder, work, async (target) => {
    const archive = await packageArchive()
    const rootfsOf = (platform: PlatformName) => `${target}-${spelling(platform).arch}.tar`
    log(`bases: ${SUITE} for ${host}`)
    await makeBaseRoot(archive, host, rootfsOf(host), work)
    for (const platform of PLATFORMS.filter((other) => other !== host)) {
      log(`bases: ${SUITE} for ${platform}, with programs of ${host}`)
      try {
        await makeBaseRoot(archive, platform, rootfsOf(platform), work, foreignRoot(rootfsOf(host), host, work))
      } catch (error) {
        if (stopped.aborted) throw error
        log(`bases: ${SUITE} for ${platform}, emulated, because it failed with programs of ${host}: ${reason(error)}`)
        await makeBaseRoot(archive, platform, rootfsOf(platform), work, EMULATED)
      }
    }
    const created = archive.date.toISOString().replace(".000Z", "Z")
    const images = PLATFORMS.map((platform) => ({ architecture: spelling(platform).arch, rootfs: rootfsOf(platform) }))
    const digest = await writeLayout(target, BASE_TAG, created, images)
    writeFileSync(join(target, "digest"), `${digest}\n`)
    for (const image of images) rmSync(image.rootfs)
  })
  return folder
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))
