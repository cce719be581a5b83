import { createHash } from "node:crypto"
import { createReadStream, mkdirSync, renameSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { LAYER_MEDIA_TYPE, MEDIA_TYPE, type Descriptor } from "../../../../dagger/src/core/oci/documents.js"
import { runTool } from "./build-tool.js"
import { quote } from "./mmdebstrap.js"
import { writeBlob } from "./oci-layout.js"

export interface Layer {
  /** Of the uncompressed tar. */
  diffId: string
  descriptor: Descriptor
}

/** Files that become a part of a layer. */
export interface LayerPart {
  /** A folder, or the folder of `file`. */
  folder: string
  file?: string
  /** Where they are in the layer, without a slash at either end. Empty for its root. */
  at: string
  /** Paths to omit, as tar's patterns. */
  exclude?: readonly string[]
  /** Whether files keep their owners. Otherwise they belong to root. */
  keepOwners?: boolean
}

/**
 * Writes a layer into a layout's blobs. Nothing in it is newer than the date.
 *
 * @param folder of the layout
 */
export async function writeSdkLayer(
  folder: string,
  name: string,
  parts: readonly LayerPart[],
  date: Date,
  work: string,
): Promise<Layer> {
  mkdirSync(join(folder, "blobs", "sha256"), { recursive: true })
  const tar = join(work, `${name}.tar`)
  const time = `--mtime=@${date.getTime() / 1000} --clamp-mtime`
  const commands = parts.map(({ folder: from, file, at, exclude = [], keepOwners }, index) => {
    const place = at === "" ? [] : [`--transform=${quote(`flags=rSh;s,^\\.,${at},`)}`]
    const omit = exclude.map((pattern) => `--exclude=${quote(pattern)}`)
    const owners = keepOwners ? "--numeric-owner" : "--owner=0 --group=0 --numeric-owner"
    const words = [index === 0 ? "--create" : "--append", "--sort=name", owners, time, ...place, ...omit]
    return `tar ${words.join(" ")} --file ${quote(tar)} --directory ${quote(from)} ${quote(file === undefined ? "." : `./${file}`)}`
  })
  await runTool("sh", ["-ec", [...commands, `zstd -q -T0 -3 ${quote(tar)}`].join("\n")], work)
  const [plain, compressed] = await Promise.all([sha256Of(tar), sha256Of(`${tar}.zst`)])
  rmSync(tar)
  const size = statSync(`${tar}.zst`).size
  renameSync(`${tar}.zst`, join(folder, "blobs", "sha256", compressed))
  return {
    diffId: `sha256:${plain}`,
    descriptor: { mediaType: LAYER_MEDIA_TYPE.zstd, digest: `sha256:${compressed}`, size },
  }
}

/**
 * Writes an image's documents into a layout.
 *
 * @param config as the image specification's `config`
 * @returns the manifest's digest
 */
export function writeSdkImage(
  folder: string,
  image: { architecture: string; date: Date; config: object; layers: readonly Layer[] },
): string {
  const config = writeBlob(folder, MEDIA_TYPE.config, {
    created: image.date.toISOString(),
    architecture: image.architecture,
    os: "linux",
    config: image.config,
    rootfs: { type: "layers", diff_ids: image.layers.map(({ diffId }) => diffId) },
  })
  const layers = image.layers.map(({ descriptor }) => descriptor)
  return writeBlob(folder, MEDIA_TYPE.manifest, { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config, layers })
    .digest
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256")
  await pipeline(createReadStream(path), hash)
  return hash.digest("hex")
}
