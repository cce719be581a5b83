import { z } from "zod"
import { megabytes } from "../text/markdown.js"
import { descriptorSchema, digestSchema } from "./documents.js"

/** What the registry client (`dagger/registry/main.go`) prints. */

const countSchema = z.object({ blobs: z.number(), bytes: z.number() })

const pushedSchema = z.object({
  repository: z.string(),
  index: digestSchema,
  /** What went over the network. */
  uploaded: countSchema,
  /** What the registry took from another of its repositories. */
  mounted: countSchema.extend({ from: z.array(z.string()) }),
  /** What the repository had already. */
  present: countSchema,
  /** Digests of the referrers' manifests. */
  referrers: z.array(digestSchema),
  /** How many of these are new in the repository. */
  attached: z.number(),
  /** Tags that list the referrers, because the registry itself does not. */
  fallbackTags: z.array(z.string()),
})
/** What became of one repository's image. */
export type Pushed = z.infer<typeof pushedSchema>
export const pushSchema = z.object({ repositories: z.array(pushedSchema) })

const taggedSchema = z.object({ digest: digestSchema, mediaType: z.string(), platforms: z.array(z.string()) })
/** What a tag points to. */
export type Tagged = z.infer<typeof taggedSchema>
export const checkSchema = z.object({
  repositories: z.array(z.object({ repository: z.string(), tags: z.record(z.string(), taggedSchema.nullable()) })),
})

const manifestSchema = z.object({ digest: digestSchema, mediaType: z.string(), content: z.string() })
export const manifestsSchema = z.object({ manifests: z.array(manifestSchema.nullable()) })

export const tagsSchema = z.object({ tags: z.array(z.string()) })

export const referrersSchema = z.object({
  referrers: z.array(descriptorSchema.extend({ artifactType: z.string().optional() })),
})
/** One of what refers to an image. */
export type ReferrerDescriptor = z.infer<typeof referrersSchema>["referrers"][number]

/** A repository, or what can be reached from some names in it: `dagger/registry/internal/registry/survey.go`. */
export const surveySchema = z.object({
  /** Whether {@link tags} has all tags. */
  complete: z.boolean(),
  /** Digests; null for tags that do not exist. */
  tags: z.record(z.string(), digestSchema.nullable()),
  /** Contents by digest; null for what is named and not there. */
  manifests: z.record(z.string(), z.string().nullable()),
  /** By the digest of what they refer to. */
  referrers: z.record(z.string(), referrersSchema.shape.referrers),
  /** Configurations and the contents of artifacts, by digest. */
  blobs: z.record(z.string(), z.string()),
})
export type SurveyAnswer = z.infer<typeof surveySchema>

export const blobSchema = z.object({ content: z.string() })

export const doneSchema = z.object({})

/**
 * What was transferred to a repository.
 *
 * @param name the repository as the user wrote it; `registry` is what all names start with
 * @example pushedText("ghcr.io", …) ⇒ "ghcr.io/owner/runner: uploaded 3 blobs, 12.3 MB; 14 were there; 9 mounted from ghcr.io/owner/runner-chrome"
 */
export function pushedText(
  registry: string,
  { repository, uploaded, present, mounted, referrers, attached, fallbackTags }: Pushed,
): string {
  const from = mounted.from.map((each) => `${registry}/${each}`).join(", ") || "elsewhere in the registry"
  return [
    `${registry}/${repository}: ${uploaded.blobs === 0 ? "uploaded nothing" : `uploaded ${blobs(uploaded.blobs)}, ${megabytes(uploaded.bytes)}`}`,
    ...(present.blobs === 0 ? [] : [`${String(present.blobs)} ${present.blobs === 1 ? "was" : "were"} there`]),
    ...(mounted.blobs === 0 ? [] : [`${String(mounted.blobs)} mounted from ${from}`]),
    ...(referrers.length === 0
      ? []
      : [
          `${String(referrers.length)} ${referrers.length === 1 ? "referrer" : "referrers"}, ${attached === 0 ? "none" : String(attached)} new${fallbackTags.length === 0 ? "" : ", listed by tags"}`,
        ]),
  ].join("; ")
}

function blobs(count: number): string {
  return `${String(count)} ${count === 1 ? "blob" : "blobs"}`
}
