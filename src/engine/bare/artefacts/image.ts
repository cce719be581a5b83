import { createHash } from "node:crypto"
import { createReadStream, mkdirSync, renameSync, statSync } from "node:fs"
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
  /** Whether everybody may read all files, and all have the layer's date, whatever they are here: this program's own files are as the umask left them. */
  uniform?: boolean
}

/** How a layer is compressed, with equal bytes on every machine. */
const COMPRESSORS = {
  zstd: { command: "zstd -q -T0 -3 --rm", suffix: "zst" },
  // Its output is the same for any number of threads but one.
  gzip: { command: "pigz -n -6 -p 4", suffix: "gz" },
} as const

/**
 * Writes a layer into a layout's blobs. Nothing in it is newer than the date.
 *
 * @param folder of the layout
 */
export async function writeImageLayer(
  folder: string,
  name: string,
  parts: readonly LayerPart[],
  date: Date,
  work: string,
  compression: keyof typeof COMPRESSORS = "zstd",
): Promise<Layer> {
  mkdirSync(join(folder, "blobs", "sha256"), { recursive: true })
  const tar = join(work, `${name}.tar`)
  const { command, suffix } = COMPRESSORS[compression]
  const time = `--mtime=@${date.getTime() / 1000}`
  const commands = parts.map(({ folder: from, file, at, exclude = [], keepOwners, uniform }, index) => {
    const place = at === "" ? [] : [`--transform=${quote(`flags=rSh;s,^\\.,${at},`)}`]
    const omit = exclude.map((pattern) => `--exclude=${quote(pattern)}`)
    const owners = keepOwners ? "--numeric-owner" : "--owner=0 --group=0 --numeric-owner"
    const looks = uniform ? [time, "--mode=u=rwX,go=rX", "--hard-dereference"] : [time, "--clamp-mtime"]
    const words = [index === 0 ? "--create" : "--append", "--sort=name", owners, ...looks, ...place, ...omit]
    return `tar ${words.join(" ")} --file ${quote(tar)} --directory ${quote(from)} ${quote(file === undefined ? "." : `./${file}`)}`
  })
  await runTool("sh", ["-ec", commands.join("\n")], work)
  const plain = await sha256Of(tar)
  await runTool("sh", ["-ec", `${command} ${quote(tar)}`], work)
  const file = `${tar}.${suffix}`
  const compressed = await sha256Of(file)
  const size = statSync(file).size
  renameSync(file, join(folder, "blobs", "sha256", compressed))
  return {
    diffId: `sha256:${plain}`,
    descriptor: { mediaType: LAYER_MEDIA_TYPE[compression], digest: `sha256:${compressed}`, size },
  }
}

/**
 * Writes an image's documents into a layout.
 *
 * @param config as the image specification's `config`
 * @returns the manifest's descriptor
 */
export function writeImage(
  folder: string,
  image: { architecture: string; date: Date; config: object; layers: readonly Layer[] },
): Descriptor {
  const config = writeBlob(folder, MEDIA_TYPE.config, {
    created: image.date.toISOString(),
    architecture: image.architecture,
    os: "linux",
    config: image.config,
    rootfs: { type: "layers", diff_ids: image.layers.map(({ diffId }) => diffId) },
  })
  const layers = image.layers.map(({ descriptor }) => descriptor)
  return writeBlob(folder, MEDIA_TYPE.manifest, { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config, layers })
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256")
  await pipeline(createReadStream(path), hash)
  return hash.digest("hex")
}
