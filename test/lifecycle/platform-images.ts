import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import { builtImage } from "./built-image.js"
import { removeAtExit } from "./leftovers.js"
import { type UnpackedImage, unpackImage } from "./oci-image.js"

/** The images of one build, unpacked; what was built and unpacked for it goes with `remove`. */
export interface PlatformImages {
  image(platform: PlatformName): UnpackedImage
  remove(): Promise<void>
}

/** Builds, or takes the given layout, and unpacks the platforms' images: into RUNNER_IMAGES_LIFECYCLE_ROOTFS to keep them there. */
export async function platformImages(platforms: readonly PlatformName[]): Promise<PlatformImages> {
  const kept = process.env.RUNNER_IMAGES_LIFECYCLE_ROOTFS
  const folder = kept ?? (await mkdtemp(join(tmpdir(), "runner-images-rootfs-")))
  const forget = kept === undefined ? removeAtExit(folder) : () => undefined
  const built = await builtImage(platforms)
  const images = new Map<PlatformName, UnpackedImage>()
  for (const platform of platforms) {
    images.set(platform, await unpackImage(built.layout, platform, folder))
  }
  return {
    image: (platform) => {
      const image = images.get(platform)
      if (!image) throw new Error(`no image was unpacked for ${platform}`)
      return image
    },
    remove: async () => {
      if (kept === undefined) await rm(folder, { recursive: true, force: true })
      forget()
      await built.remove()
    },
  }
}
