import { z } from "zod"
import { parseDocument, configSchema, digestSchema, LAYER_MEDIA_TYPE } from "./documents.js"

const layerSchema = z.object({
  mediaType: z.enum(LAYER_MEDIA_TYPE),
  digest: digestSchema,
  size: z.number().int().nonnegative(),
  /** The digest of the layer as a tar archive, which in an eStargz layer has the table of contents as well. */
  diffId: digestSchema,
  /** The size of the tar archive of its files. */
  bytes: z.number().int().nonnegative(),
  /** Of an eStargz layer: the digest of its table of contents, and the size of the tar archive with it. */
  estargz: z.object({ tocDigest: digestSchema, bytes: z.number().int().nonnegative() }).optional(),
})
export type FinishedLayer = z.infer<typeof layerSchema>

/** One platform's image: its configuration as the engine wrote it, and its finished layers from the base up. */
const engineImageSchema = z.object({ config: configSchema, layers: z.array(layerSchema).min(1) })
export type EngineImage = z.infer<typeof engineImageSchema>

/**
 * Reads the output of finish-layers.py.
 *
 * @throws RunnerImagesError BUILD_FAILED when it does not match the schema
 */
export function parseEngineImages(output: string): EngineImage[] {
  return parseDocument(z.array(engineImageSchema), output, "the output of finish-layers.py")
}
