import type { Container } from "@dagger.io/dagger"
import { readLayout } from "../core/layout.js"
import { blobPath } from "../core/oci.js"
import type { LayerSizes } from "../core/parity.js"
import { layoutOf } from "./finish.js"

/**
 * The sizes of a container's uppermost layers in bytes, as an image of it has them.
 *
 * @param names what each of them is, from below
 * @param tools a container of the engine's own platform with sh, tar, gzip, wc, chmod and rm
 */
export async function layersOf(
  container: Container,
  names: readonly string[],
  tools: Container,
): Promise<({ name: string } & LayerSizes)[]> {
  const layout = layoutOf([container], tools)
  const { images } = await readLayout((path) => layout.file(path).contents())
  const layers = images[0]?.manifest.layers.slice(-names.length) ?? []
  const unpack = 'for layer; do gzip -dc "/layout/$layer" | wc -c; done'
  const output = await tools
    .withMountedDirectory("/layout", layout)
    .withExec(["sh", "-ec", unpack, "sh", ...layers.map(({ digest }) => blobPath(digest))])
    .stdout()
  const bytes = output.trim().split("\n").map(Number)
  return names.map((name, index) => {
    const layer = layers[index]
    const size = bytes[index]
    if (!layer || !size) throw new Error(`the layer ${name} is missing`)
    return { name, bytes: size, compressedBytes: layer.size }
  })
}
