import { readFileSync } from "node:fs"
import { join } from "node:path"
import { z } from "zod"
import type { PlatformName } from "../../dagger/src/core/platforms.js"

const descriptorSchema = z.looseObject({
  mediaType: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.number().int().nonnegative(),
  platform: z.looseObject({ os: z.string(), architecture: z.string() }).optional(),
})
export type Descriptor = z.infer<typeof descriptorSchema>

const indexSchema = z.looseObject({ manifests: z.array(descriptorSchema) })
const manifestSchema = z.looseObject({ config: descriptorSchema, layers: z.array(descriptorSchema) })

/** Path of a blob below the layout. `blobPath("sha256:ab…")` ⇒ `"blobs/sha256/ab…"` */
export function blobPath(digest: string): string {
  return join("blobs", ...digest.split(":"))
}

/** An image of the layout: its manifest's descriptor, configuration and layers. */
export interface LayoutImage {
  descriptor: Descriptor
  config: Descriptor
  layers: Descriptor[]
}

/** Finds a platform's image in an OCI layout, in its top index or in one that this names. */
export function imageIn(layout: string, platform: PlatformName): LayoutImage | undefined {
  const [os, architecture] = platform.split("/")
  const descriptors = (path: string): Descriptor[] =>
    indexSchema
      .parse(readJson(join(layout, path)))
      .manifests.flatMap((descriptor) =>
        descriptor.mediaType.endsWith("image.index.v1+json") ? descriptors(blobPath(descriptor.digest)) : [descriptor],
      )
  const descriptor = descriptors("index.json").find(
    (entry) => entry.platform?.os === os && entry.platform?.architecture === architecture,
  )
  if (!descriptor) return undefined
  const { config, layers } = manifestSchema.parse(readJson(join(layout, blobPath(descriptor.digest))))
  return { descriptor, config, layers }
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"))
}
