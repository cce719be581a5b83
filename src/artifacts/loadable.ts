import { mkdirSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { create } from "tar"
import { readLayout, type LayoutImage } from "../../dagger/src/core/oci/layout.js"
import { blobPath, LAYOUT_VERSION, MEDIA_TYPE } from "../../dagger/src/core/oci/documents.js"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import { readDocument } from "../../dagger/src/pipeline/oci/layout-files.js"
import { linkOrCopy } from "./reuse.js"

export interface Loadable {
  /** An OCI layout. */
  layout: string
  platform: PlatformName
  /** The image's name. */
  name: string
  /** Where blobs are linked, an empty folder on the layout's disk. */
  scratch: string
  /** Whether it is an OCI layout as well, which Docker needs from version 25 on with containerd's image store, and so does containerd. */
  oci: boolean
  /** The time of all files in it. */
  time: Date
}

/**
 * Writes one image of an OCI layout as a tar that every Docker and podman reads: neither takes an archive with two
 * platforms, and Docker before version 25 reads only `manifest.json`. The same image gives the same bytes.
 */
export async function writeLoadable(file: string, loadable: Loadable): Promise<void> {
  const { layout, platform, scratch, time } = loadable
  const { images } = await readLayout((path) => readDocument(layout, path))
  const image = images.find(({ config }) => `${config.os}/${config.architecture}` === platform)
  if (!image) throw new Error(`${layout} has no image for ${platform}`)
  await create({ cwd: scratch, file, portable: true, mtime: time }, gather(image, loadable))
}

function gather({ digest, manifest }: LayoutImage, { layout, name, scratch, oci }: Loadable): string[] {
  const digests = [digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)]
  const blobs = [...new Set(digests)].map(blobPath)
  for (const blob of blobs) {
    mkdirSync(dirname(join(scratch, blob)), { recursive: true })
    linkOrCopy(join(layout, blob), join(scratch, blob))
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
    ...(oci ? { "oci-layout": LAYOUT_VERSION, "index.json": JSON.stringify(index) } : {}),
    "manifest.json": JSON.stringify(docker),
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(scratch, file), text)
  return [...Object.keys(files), ...blobs]
}
