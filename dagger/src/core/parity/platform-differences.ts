import { readAllowList } from "./allow-list.js"
import { z } from "zod"
import type { VariantPlan } from "../plan/plan.js"
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
      /** The runner that it follows from; where the image has the other, the entry does not count. */
      runner: z.enum(["actions", "stand-in"]).optional(),
    })
    .strict(),
)

/** A difference between platforms that has to be, and why. Exactly this one: never what is below a path, nor another aspect. */
export type AllowedImageDifference = z.infer<typeof allowedSchema>[number]

/** The entries that count for images with this runner. */
export function allowedFor(
  allowed: readonly AllowedImageDifference[],
  runner: VariantPlan["runner"],
): AllowedImageDifference[] {
  return allowed.filter((entry) => entry.runner === undefined || entry.runner === runner)
}

/**
 * Reads the allow-list of differences between platforms.
 *
 * @throws RunnerImagesError ALLOW_LIST_INVALID when it is not JSON, has another form, or names a difference twice
 */
export function parsePlatformDifferences(text: string): AllowedImageDifference[] {
  return readAllowList(text, allowedSchema, {
    list: "list of differences between platforms",
    remedy: "Fix dagger/src/core/parity/platform-differences.json.",
    nameOf: ({ area, name, aspect }) => [area, name, aspect].join(" ").trim(),
  })
}
