import { z } from "zod"

/** The schema of the answer of `diff --json`. The version changes when a reader of the old format would misread the new. */
export const DIFF_SCHEMA_VERSION = 1

/** What is compared, in the order in which it is reported. */
export const DIFF_AREAS = [
  "platform",
  "image",
  "archive",
  "package",
  "tool",
  "configuration",
  "environment",
  "label",
  "layer",
  "check",
] as const
export type DiffArea = (typeof DIFF_AREAS)[number]

/** The aspects that are expected to change. They come first. */
export const MAIN_ASPECTS = ["version", "status", "date"]

/** Of the old build and of the new one; `null` if a build has none. */
const valuesSchema = { old: z.string().nullable(), new: z.string().nullable() }
const bytes = z.number().int().nonnegative()
const sizesSchema = z.object({ old: bytes, new: bytes })

export const changeSchema = z.object({
  area: z.enum(DIFF_AREAS),
  /** With `ARCH` in place of the platforms' spellings, if platforms with the same change spell it differently; so are the values. */
  name: z.string(),
  /** Which property of it changed: `version` or `source` of a tool. Absent for what has only one, and for what was added or removed. */
  aspect: z.string().optional(),
  kind: z.enum(["added", "removed", "changed"]),
  /** Those that have this change. Absent for what is not a platform's own. */
  platforms: z.array(z.string()).optional(),
  ...valuesSchema,
  /** The unpacked sizes of a layer. */
  bytes: z.object({ old: bytes.nullable(), new: bytes.nullable() }).optional(),
})
export type Change = z.infer<typeof changeSchema>

const sideSchema = z.object({
  variant: z.string(),
  /** The project's version. */
  version: z.string(),
  /** ISO 8601. */
  created: z.string(),
  /** Digest of the index. Absent if no image was written. */
  index: z.string().optional(),
  platforms: z.array(z.string()),
})
export type Side = z.infer<typeof sideSchema>

export const notComparedSchema = z.object({ what: z.string(), why: z.string() })
export type NotCompared = z.infer<typeof notComparedSchema>

export const platformSizesSchema = z.object({
  platform: z.string(),
  /** Sums of the layers, in bytes. */
  compressed: sizesSchema,
  unpacked: sizesSchema,
})

export const diffSchema = z.object({
  schemaVersion: z.literal(DIFF_SCHEMA_VERSION),
  /** Whether there are no changes. */
  equal: z.boolean(),
  old: sideSchema,
  new: sideSchema,
  /** Sorted by area, name, aspect and platforms. */
  changes: z.array(changeSchema),
  /** Of the platforms that both builds have. Empty unless both builds wrote images. */
  sizes: z.array(platformSizesSchema),
  /** What one of the builds says nothing about, although the images differ. */
  notCompared: z.array(notComparedSchema),
})
export type Diff = z.infer<typeof diffSchema>
