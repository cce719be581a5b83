import { dag, ImageLayerCompression, ImageMediaTypes, type Container, type Directory } from "@dagger.io/dagger"
import { finishLayout, type FinishedPlatform, type FinishOptions } from "../../core/oci/finish.js"
import { readLayout } from "../../core/oci/layout.js"
import type { PlatformName } from "../../core/platforms.js"
import type { Compression } from "../../core/request/compression.js"

/** One platform's image after the build. */
export interface PlatformImage {
  platform: PlatformName
  container: Container
}

export interface FinishedImage {
  /** An OCI image layout that names exactly one image index. */
  layout: Directory
  /** Digest of the image index. */
  index: string
  platforms: ReadonlyMap<PlatformName, FinishedPlatform>
}

const COMPRESSION: Record<Compression, ImageLayerCompression> = {
  gzip: ImageLayerCompression.Gzip,
  zstd: ImageLayerCompression.Zstd,
}

/** Where the unpacking step finds the engine's archive, and where it puts the layout. */
const ARCHIVE = "/run/image.tar"
const LAYOUT = "/layout"

/**
 * Turns built containers into the layout that is exported and published. `finishLayout` describes the changes.
 * Layers never leave the engine; only the JSON documents, a few kilobytes, are read and written here.
 *
 * @param tools a container of the engine's own platform with sh, tar, chmod and rm
 */
export async function finish(
  images: readonly PlatformImage[],
  options: Omit<FinishOptions, "platforms">,
  tools: Container,
): Promise<FinishedImage> {
  const unpacked = layoutOf(
    images.map(({ container }) => container),
    tools,
    options.compression,
  )
  const layout = await readLayout((path) => unpacked.file(path).contents())
  const finished = finishLayout(layout, { ...options, platforms: images.map(({ platform }) => platform) })
  let directory = unpacked.withoutFiles([...finished.dropped])
  for (const [path, text] of finished.files) directory = directory.withNewFile(path, text, { permissions: 0o644 })
  return { layout: directory, index: finished.index, platforms: finished.platforms }
}

/**
 * The engine's own OCI layout of an image, unpacked in the engine.
 *
 * @param tools a container of the engine's own platform with sh, tar, chmod and rm
 */
export function layoutOf(containers: Container[], tools: Container, compression: Compression = "gzip"): Directory {
  const archive = dag.container().asTarball({
    platformVariants: containers,
    forcedCompression: COMPRESSION[compression],
    mediaTypes: ImageMediaTypes.Oci,
  })
  // For a single platform, the archive also contains Docker's manifest.json, which does not belong in a layout.
  const unpack = `
    mkdir ${LAYOUT}
    tar --extract --file ${ARCHIVE} --directory ${LAYOUT} --no-same-owner
    rm -f ${LAYOUT}/manifest.json
    chmod -R u=rwX,go=rX ${LAYOUT}`
  return tools.withMountedFile(ARCHIVE, archive).withExec(["sh", "-ec", unpack]).directory(LAYOUT)
}
