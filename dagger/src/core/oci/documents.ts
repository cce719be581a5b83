import { createHash } from "node:crypto"
import { z } from "zod"
import { RunnerImagesError } from "../errors.js"
import type { Compression } from "../request/compression.js"
import { firstIssue, parseJson } from "../text/json.js"

/**
 * The documents of an OCI image layout, as far as this project reads them. They are written as canonical JSON, so that
 * equal content has an equal digest. Fields that are not named here are kept unchanged.
 * https://github.com/opencontainers/image-spec
 */

export const MEDIA_TYPE = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
} as const

/** Media types of layers, by their compression. */
export const LAYER_MEDIA_TYPE = {
  gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  estargz: "application/vnd.oci.image.layer.v1.tar+gzip",
} as const satisfies Record<Compression, string>

/** Content of the file `oci-layout`. */
export const LAYOUT_VERSION = '{"imageLayoutVersion":"1.0.0"}'

export const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/)

const platformSchema = z.looseObject({ os: z.string(), architecture: z.string(), variant: z.string().optional() })

export const descriptorSchema = z.looseObject({
  mediaType: z.string(),
  digest: digestSchema,
  size: z.number().int().nonnegative(),
  annotations: z.record(z.string(), z.string()).optional(),
  platform: platformSchema.optional(),
})
export type Descriptor = z.infer<typeof descriptorSchema>

export const indexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.literal(MEDIA_TYPE.index),
  manifests: z.array(descriptorSchema),
  annotations: z.record(z.string(), z.string()).optional(),
})
export type Index = z.infer<typeof indexSchema>

export const manifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.literal(MEDIA_TYPE.manifest),
  config: descriptorSchema.extend({ mediaType: z.literal(MEDIA_TYPE.config) }),
  layers: z.array(descriptorSchema.extend({ mediaType: z.enum(LAYER_MEDIA_TYPE) })).min(1),
  annotations: z.record(z.string(), z.string()).optional(),
})
export type Manifest = z.infer<typeof manifestSchema>

/** Docker's image specification; times in nanoseconds. The OCI specification leaves the field to Docker. */
export const dockerHealthcheckSchema = z.object({
  Test: z.array(z.string()).min(1),
  Interval: z.number().int().optional(),
  Timeout: z.number().int().optional(),
  StartPeriod: z.number().int().optional(),
  Retries: z.number().int().optional(),
})

export const configSchema = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  created: z.string().optional(),
  config: z.looseObject({ Healthcheck: dockerHealthcheckSchema.optional() }).optional(),
  rootfs: z.looseObject({ type: z.literal("layers"), diff_ids: z.array(digestSchema) }),
  history: z
    .array(z.looseObject({ created_by: z.string().optional(), empty_layer: z.boolean().optional() }))
    .optional(),
})
export type ImageConfig = z.infer<typeof configSchema>

/** Environment variables by name, of a configuration's `NAME=VALUE`. */
export function variablesOf(entries: readonly unknown[]): Record<string, string> {
  return Object.fromEntries(
    entries.map(String).map((entry) => {
      const [name = "", ...value] = entry.split("=")
      return [name, value.join("=")]
    }),
  )
}

/** `sha256:…` of a text in UTF-8, or of bytes. */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`
}

/** Where a layout keeps a blob. `blobPath("sha256:ab…")` ⇒ `"blobs/sha256/ab…"` */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`
}

/** JSON without white space and with the keys of every object in alphabetical order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) =>
    entry !== null && typeof entry === "object" && !Array.isArray(entry)
      ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)))
      : entry,
  )
}

/**
 * Reads one of a layout's JSON documents.
 *
 * @param name the document's name in errors: `index.json`, `manifest sha256:…`
 * @throws RunnerImagesError BUILD_FAILED when the text is not JSON, is nested too deeply, or does not match the schema
 */
export function parseDocument<S extends z.ZodType>(schema: S, text: string, name: string): z.infer<S> {
  const json = parseJson(text, (why, cause) => layoutError(`${name}: ${why}`, { cause }))
  const result = schema.safeParse(json)
  if (result.success) return result.data
  throw layoutError(`${name}: ${firstIssue(result.error)}`)
}

/** The error for an unexpected image layout, written by the engine or about to be published. */
export function layoutError(problem: string, options?: { cause?: unknown }): RunnerImagesError {
  return new RunnerImagesError(
    "BUILD_FAILED",
    `The image layout cannot be used: ${problem}.`,
    "Build again; if it fails again, report it with the engine's version.",
    options,
  )
}
