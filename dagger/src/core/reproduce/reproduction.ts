import { z } from "zod"
import { RunnerImagesError } from "../errors.js"
import { parseDocument, variablesOf } from "../oci/documents.js"
import { imagesByPlatform, type Layout, type LayoutImage } from "../oci/layout.js"

/** A property that two images have with different values. */
export interface DocumentDifference {
  /** Where: `config.config.Env.PATH`, `manifest.annotations["org.opencontainers.image.created"]`. */
  path: string
  /** As JSON; undefined if there is none. */
  original?: string
  rebuilt?: string
}

const valuesSchema = z.tuple([z.string().nullable(), z.string().nullable()])

const fileDifferenceSchema = z.object({
  /** Absolute. */
  path: z.string(),
  /** The image that has the path, if only one of them does. */
  only: z.enum(["original", "rebuilt"]).optional(),
  /** Properties that differ: `mode`, `owner`, `size`; of the original and of the rebuilt file. */
  properties: z.record(z.string(), valuesSchema).optional(),
  /** The content of a text, as a unified difference. */
  text: z.array(z.string()).optional(),
  /** The first byte at which other content differs. */
  offset: z.number().int().nonnegative().optional(),
})
export type FileDifference = z.infer<typeof fileDifferenceSchema>

const layerContentsSchema = z.object({
  /** What differs, if not the files: `compression`, `archive`. */
  otherwise: z.string().optional(),
  files: z.array(fileDifferenceSchema),
  /** The number of files that differ, of which {@link files} has the first. */
  count: z.number().int().nonnegative(),
})
export type LayerContents = z.infer<typeof layerContentsSchema>

/** A layer that the images do not share. */
export interface LayerDifference {
  /** From 1, the base. */
  place: number
  name: string
  /** Digests of the compressed layers; undefined if an image has fewer. */
  original?: string
  rebuilt?: string
  /** What is different in it, if both have one. */
  contents?: LayerContents
}

/** One platform's image, compared. */
export interface PlatformReproduction {
  platform: string
  /** Digests of the manifests; undefined if there is none. */
  original?: string
  rebuilt?: string
  documents: DocumentDifference[]
  layers: LayerDifference[]
}

/** The result of building an image again. */
export interface Reproduction {
  variant: string
  /** Digests of the image indices. */
  original: string
  rebuilt: string
  equal: boolean
  platforms: PlatformReproduction[]
  /** What differs in the index itself. */
  index: DocumentDifference[]
}

/** Two layers at the same place of two images. */
export interface LayerPair {
  original: string
  rebuilt: string
}

/**
 * Compares the documents of two layouts. Layers are only named; see {@link withContents}.
 *
 * @param names what each layer is, by platform
 */
export function compareLayouts(
  variant: string,
  original: Layout,
  rebuilt: Layout,
  names: (platform: string, place: number) => string,
): Reproduction {
  const [before, after] = [imagesByPlatform(original), imagesByPlatform(rebuilt)]
  const platforms = [...new Set([...before.keys(), ...after.keys()])]
  const [first, second] = [original.index, rebuilt.index]
  return {
    variant,
    original: first?.digest ?? "",
    rebuilt: second?.digest ?? "",
    equal: first !== undefined && first.digest === second?.digest,
    platforms: platforms.map((platform) =>
      compareImages(platform, before.get(platform), after.get(platform), (place) => names(platform, place)),
    ),
    index: differences(readIndex(first), readIndex(second)),
  }
}

/** The layers of which both images have one, and which differ. */
export function differentPairs({ platforms }: Pick<Reproduction, "platforms">): LayerPair[] {
  return platforms.flatMap(({ layers }) =>
    layers.flatMap(({ original, rebuilt }) =>
      original === undefined || rebuilt === undefined ? [] : [{ original, rebuilt }],
    ),
  )
}

/** Adds what differs inside the layers, in the order of {@link differentPairs}. */
export function withContents(reproduction: Reproduction, contents: readonly LayerContents[]): Reproduction {
  const rest = [...contents]
  return {
    ...reproduction,
    platforms: reproduction.platforms.map((platform) => ({
      ...platform,
      layers: platform.layers.map((layer) => {
        if (layer.original === undefined || layer.rebuilt === undefined) return layer
        const found = rest.shift()
        return found ? { ...layer, contents: found } : layer
      }),
    })),
  }
}

/**
 * Reads the output of compare-layers.py.
 *
 * @throws RunnerImagesError BUILD_FAILED when it does not match the schema
 */
export function parseLayerContents(output: string): LayerContents[] {
  return parseDocument(z.array(layerContentsSchema), output, "the output of compare-layers.py")
}

/**
 * @param details what differs, if it is not printed otherwise
 * @throws RunnerImagesError REPRODUCTION_DIFFERS
 */
export function assertReproduced(
  { equal, variant, original, rebuilt }: Reproduction,
  details: readonly string[] = [],
): void {
  if (equal) return
  throw new RunnerImagesError(
    "REPRODUCTION_DIFFERS",
    `${variant} was built again, but is not the same: ${original} became ${rebuilt}.`,
    "Check out the commit that the original was built from, and give the same definition and upstream files.",
    { details },
  )
}

function compareImages(
  platform: string,
  original: LayoutImage | undefined,
  rebuilt: LayoutImage | undefined,
  name: (place: number) => string,
): PlatformReproduction {
  const count = Math.max(original?.manifest.layers.length ?? 0, rebuilt?.manifest.layers.length ?? 0)
  const pairs = Array.from({ length: count }, (_, place) => ({
    place,
    original: original?.manifest.layers[place]?.digest,
    rebuilt: rebuilt?.manifest.layers[place]?.digest,
  }))
  return {
    platform,
    ...given("original", original?.digest),
    ...given("rebuilt", rebuilt?.digest),
    documents: original && rebuilt ? differences(documentsOf(original), documentsOf(rebuilt)) : [],
    layers: pairs
      .filter((pair) => pair.original !== pair.rebuilt)
      .map((pair) => ({
        place: pair.place + 1,
        name: name(pair.place),
        ...given("original", pair.original),
        ...given("rebuilt", pair.rebuilt),
      })),
  }
}

/** Without what only repeats that layers differ. */
function documentsOf({ manifest, config }: LayoutImage): unknown {
  const { layers, config: descriptor, ...rest } = manifest
  const { rootfs, config: settings, ...others } = config
  const env = (settings as { Env?: unknown } | undefined)?.Env
  return {
    manifest: { ...rest, layers: layers.map(({ mediaType }) => mediaType), config: descriptor.mediaType },
    config: {
      ...others,
      rootfs: rootfs.type,
      // By name, so that one more variable is one difference.
      config: { ...settings, ...(Array.isArray(env) ? { Env: variablesOf(env) } : {}) },
    },
  }
}

/** Without the manifests, which are compared by themselves. */
function readIndex(index: Layout["index"]): unknown {
  if (!index) return {}
  const { manifests, ...rest } = JSON.parse(index.text) as Record<string, unknown>
  const entries = Array.isArray(manifests) ? (manifests as Record<string, unknown>[]) : []
  return { ...rest, manifests: entries.map(({ digest: _digest, size: _size, ...entry }) => entry) }
}

function differences(original: unknown, rebuilt: unknown): DocumentDifference[] {
  const [before, after] = [new Map(leaves(original)), new Map(leaves(rebuilt))]
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => ({ path, ...given("original", before.get(path)), ...given("rebuilt", after.get(path)) }))
}

/** Every value that is no object or list, as JSON, with its path. */
function leaves(value: unknown, path = ""): [string, string][] {
  if (value === null || typeof value !== "object") return [[path, JSON.stringify(value)]]
  const entries: [string, unknown][] = Object.entries(value)
  if (entries.length === 0) return [[path, JSON.stringify(value)]]
  return entries.flatMap(([key, entry]) => leaves(entry, joined(path, key, Array.isArray(value))))
}

function joined(path: string, key: string, inList: boolean): string {
  if (inList) return `${path}[${key}]`
  if (!/^\w+$/.test(key)) return `${path}[${JSON.stringify(key)}]`
  return path === "" ? key : `${path}.${key}`
}

function given<K extends string>(name: K, value: string | undefined): Partial<Record<K, string>> {
  return (value === undefined ? {} : { [name]: value }) as Partial<Record<K, string>>
}
