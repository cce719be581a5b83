import type { LayerSizes } from "../../core/parity/emulation-parity.js"
import type { EngineHost } from "../engine/engine-host.js"
import { finishLayers, type PlatformImage } from "./finish.js"

/**
 * The sizes of a container's top layers in bytes, as in an image.
 *
 * @param names the layers' names, from the bottom up
 */
export async function layersOf(
  image: PlatformImage,
  names: readonly string[],
  engineHost: EngineHost,
): Promise<({ name: string } & LayerSizes)[]> {
  const { images } = await finishLayers([image], { created: new Date().toISOString() }, engineHost)
  const layers = images[0]?.layers.slice(-names.length) ?? []
  return names.map((name, place) => {
    const layer = layers[place]
    if (!layer) throw new Error(`the layer ${name} is missing`)
    return { name, bytes: layer.bytes, compressedBytes: layer.size }
  })
}
