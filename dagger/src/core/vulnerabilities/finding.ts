import { z } from "zod"

/** npm's words, ascending. */
export const SEVERITIES = ["info", "low", "moderate", "high", "critical"] as const
export type Severity = (typeof SEVERITIES)[number]

/** Where vulnerabilities are looked up: the distribution's security archive, npm's registry, and the catalog of tools. */
export const AREAS = ["distribution", "npm", "tools"] as const
export type Area = (typeof AREAS)[number]

export const findingSchema = z.object({
  area: z.enum(AREAS),
  /** A source package of the distribution, a package of npm, or a tool of the catalog. */
  name: z.string(),
  version: z.string(),
  /** The distribution's packages that were built from the source package. */
  packages: z.array(z.string()).optional(),
  /** The version in the security archive, or the first ones with the fix; npm's registry does not say. */
  fixed: z.string().optional(),
  /** npm's range of affected versions. */
  affected: z.string().optional(),
  /** `GHSA-…` or `CVE-…`. The security archive names none. */
  ids: z.array(z.string()),
  /** The archive, and the catalog, say nothing of it. */
  severity: z.enum([...SEVERITIES, "unknown"]),
  title: z.string().optional(),
  url: z.string().optional(),
  /** Folders in the image. */
  paths: z.array(z.string()).optional(),
  /** The entry of the allow-list that accepts it. */
  accepted: z.object({ reason: z.string(), expires: z.string() }).optional(),
})
/** A known vulnerability of something in an image, or an update in the security archive. */
export type Finding = z.infer<typeof findingSchema>

export const lookupSchema = z.object({
  area: z.enum(AREAS),
  /** What was asked, and of when that is, or why nothing could be asked. */
  ...{ checked: z.string().optional(), notChecked: z.string().optional() },
  /** What was not looked at although the area was. */
  except: z.string().optional(),
  accepted: z.object({ reason: z.string(), expires: z.string() }).optional(),
})
/** What was asked about an image. Exactly one of `checked` and `notChecked` is there. */
export type Lookup = z.infer<typeof lookupSchema>

export const examinationSchema = z.object({
  variant: z.string(),
  version: z.string(),
  /** Digest of the index. Absent if no image was written. */
  index: z.string().optional(),
  /** ISO 8601: what is known depends on it. */
  asked: z.string(),
  images: z.array(
    z.object({
      platform: z.string(),
      digest: z.string().optional(),
      lookups: z.array(lookupSchema),
      findings: z.array(findingSchema),
    }),
  ),
  /** Entries of the allow-list that nothing needed, and those that are too old to be used. */
  allowList: z.object({ unused: z.array(z.string()), expired: z.array(z.string()) }),
})
/** The known vulnerabilities of a variant's images on a day. */
export type Examination = z.infer<typeof examinationSchema>
