import { mkdirSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { create } from "tar"
import { readLayout, type LayoutImage } from "../../dagger/src/core/oci/layout.js"
import { blobPath, LAYOUT_VERSION, MEDIA_TYPE } from "../../dagger/src/core/oci/documents.js"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import { readDocument } from "../../dagger/src/pipeline/oci/layout-files.js"
import { linkOrCopy } from "./reuse.js"

/**
 * Writes one image of an OCI layout as a tar that every Docker and podman reads: neither takes an archive with two
 * platforms, and Docker before version 25 reads only `manifest.json`. Leaves links to the blobs beside the file.
 */
export async function writeLoadable(layout: string, platform: PlatformName, name: string, file: string): Promise<void> {
  const { images } = await readLayout((path) => readDocument(layout, path))
  const image = images.find(({ config }) => `${config.os}/${config.architecture}` === platform)
  if (!image) throw new Error(`${layout} has no image for ${platform}`)
  const folder = dirname(file)
  await create({ cwd: folder, file, portable: true }, gather(layout, image, name, folder))
}

function gather(layout: string, { digest, manifest }: LayoutImage, name: string, folder: string): string[] {
  const digests = [digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)]
  const blobs = [...new Set(digests)].map(blobPath)
  for (const blob of blobs) {
    mkdirSync(dirname(join(folder, blob)), { recursive: true })
    linkOrCopy(join(layout, blob), join(folder, blob))
  }
  const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name }
  const { size } = statSync(join(layout, blobPath(digest)))
  const index = { schemaVersion: 2, manifests: [{ mediaType: MEDIA_TYPE.manifest, digest, size, annotations }] }
  const docker = [
    {
      Config: blobPath(manifest.config.digest),
      RepoTags: [name],
      Layers: manifest.layers.map((layer) => blobPath(layer.digest)),
    },
  ]
  const files = {
    "oci-layout": LAYOUT_VERSION,
    "index.json": JSON.stringify(index),
    "manifest.json": JSON.stringify(docker),
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
  return [...Object.keys(files), ...blobs]
}
