import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { digestOf } from "../../../dagger/src/core/oci/documents.js"

const PREFIX = "application/vnd.oci.image"

/**
 * Writes a small OCI layout with one image per platform and gives the digests of its blobs.
 *
 * @param platforms what each platform's only layer holds, uncompressed
 * @param settings how the images are configured to run
 * @returns the index' digest is the last
 */
export function writeLayout(folder: string, platforms: Record<string, Buffer>, settings: object = {}): string[] {
  const digests: string[] = []
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true })
  const blob = (mediaType: string, content: string | Buffer) => {
    const digest = digestOf(content)
    writeFileSync(join(folder, "blobs", digest.replace(":", "/")), content)
    digests.push(digest)
    return { mediaType: `${PREFIX}.${mediaType}`, digest, size: Buffer.byteLength(content) }
  }
  const manifests = Object.entries(platforms).map(([platform, content]) => {
    const [os, architecture] = platform.split("/")
    const config = {
      os,
      architecture,
      config: settings,
      rootfs: { type: "layers", diff_ids: [digestOf(content)] },
      history: [{ created_by: "test" }],
    }
    const manifest = {
      schemaVersion: 2,
      mediaType: `${PREFIX}.manifest.v1+json`,
      config: blob("config.v1+json", JSON.stringify(config)),
      layers: [blob("layer.v1.tar+gzip", gzipSync(content))],
    }
    return { ...blob("manifest.v1+json", JSON.stringify(manifest)), platform: { os, architecture } }
  })
  const indexOf = (entries: unknown[]) =>
    JSON.stringify({ schemaVersion: 2, mediaType: `${PREFIX}.index.v1+json`, manifests: entries })
  const index = blob("index.v1+json", indexOf(manifests))
  writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }))
  writeFileSync(join(folder, "index.json"), indexOf([index]))
  return digests
}
