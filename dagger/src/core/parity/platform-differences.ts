import { readAllowList } from "./allow-list.js"
import { z } from "zod"
import { imageDifferenceSchema } from "../report/report.js"

const allowedSchema = z.array(
  imageDifferenceSchema
    .omit({ values: true })
    .extend({
      name: z
        .string()
        .min(1)
        .refine((name) => !name.includes("*"), "must be one name, not a pattern"),
      reason: z.string().trim().min(1),
    })
    .strict(),
)

/** A necessary difference between platforms, and why. Exactly this one: never anything below a path, nor another aspect. */
export type AllowedImageDifference = z.infer<typeof allowedSchema>[number]

/**
 * Parses the allow-list of differences between platforms.
 *
 * @throws RunnerImagesError ALLOW_LIST_INVALID when it is not JSON, does not match the schema, or names a difference twice
 */
export function parsePlatformDifferences(text: string): AllowedImageDifference[] {
  return readAllowList(text, allowedSchema, {
    list: "list of differences between platforms",
    remedy: "Fix dagger/src/core/parity/platform-differences.json.",
    nameOf: ({ area, name, aspect }) => [area, name, aspect].join(" ").trim(),
  })
}
