import { parseChoice } from "../text/choice.js"

/**
 * How layers are compressed. Everything that reads images reads gzip; zstd needs software from 2021 or later. eStargz is gzip from which a lazy
 * snapshotter fetches single files, so that containers start before the image is there.
 * https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md
 */
export const COMPRESSIONS = ["gzip", "zstd", "estargz"] as const

export type Compression = (typeof COMPRESSIONS)[number]

/**
 * Parses the compression of layers.
 *
 * @param given undefined means `gzip`
 * @throws RunnerImagesError COMPRESSION_INVALID when it is not one of COMPRESSIONS
 */
export function parseCompression(given: string | undefined): Compression {
  return parseChoice(given, {
    option: "compression",
    words: COMPRESSIONS,
    code: "COMPRESSION_INVALID",
    noun: "a compression for layers",
  })
}
