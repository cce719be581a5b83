import type { Container, Directory } from "@dagger.io/dagger"
import { readLayout } from "../../core/oci/layout.js"
import { blobPath, type Descriptor } from "../../core/oci/documents.js"
import type { LayerSizes } from "../../core/parity/emulation-parity.js"
import { layoutOf } from "./finish.js"
import type { Compression } from "../../core/request/compression.js"

/**
 * The sizes of a container's top layers in bytes, as in an image.
 *
 * @param names the layers' names, from the bottom up
 * @param tools a container of the engine's own platform with bash, tar, gzip, wc, chmod and rm
 */
export async function layersOf(
  container: Container,
  names: readonly string[],
  tools: Container,
): Promise<({ name: string } & LayerSizes)[]> {
  const layout = layoutOf([container], tools)
  const { images } = await readLayout((path) => layout.file(path).contents())
  const layers = images[0]?.manifest.layers.slice(-names.length) ?? []
  const bytes = await unpackedBytes(layout, layers, tools)
  return names.map((name, index) => {
    const layer = layers[index]
    const size = layer && bytes.get(layer.digest)
    if (!layer || !size) throw new Error(`the layer ${name} is missing`)
    return { name, bytes: size, compressedBytes: layer.size }
  })
}

/**
 * The unpacked sizes of a layout's layers, by digest. They are unpacked in the engine and not stored.
 *
 * @param tools a container of the engine's own platform with bash, wc, and gzip or zstd, whichever the layers are compressed with
 */
export async function unpackedBytes(
  layout: Directory,
  layers: readonly Pick<Descriptor, "digest">[],
  tools: Container,
  compression: Compression = "gzip",
): Promise<Map<string, number>> {
  if (layers.length === 0) return new Map()
  const unpack = 'for layer; do "$0" -dc < "/layout/$layer" | wc -c; done'
  const output = await tools
    .withMountedDirectory("/layout", layout)
    .withExec([
      "bash",
      "-e",
      "-o",
      "pipefail",
      "-c",
      unpack,
      compression,
      ...layers.map(({ digest }) => blobPath(digest)),
    ])
    .stdout()
  const bytes = output.trim().split("\n").map(Number)
  return new Map(layers.map(({ digest }, index) => [digest, bytes[index] ?? 0]))
}
