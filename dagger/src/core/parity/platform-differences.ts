import { z } from "zod"
import { RunnerImagesError } from "../errors.js"
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
  const invalid = (why: string, cause?: unknown) =>
    new RunnerImagesError(
      "ALLOW_LIST_INVALID",
      `The list of differences between platforms cannot be used: ${why}.`,
      "Fix dagger/src/core/parity/platform-differences.json.",
      { cause },
    )
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw invalid("it is not JSON", cause)
  }
  const parsed = allowedSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw invalid(`${issue?.path.join(".") ?? "it"}: ${issue?.message ?? "wrong form"}`)
  }
  const keys = parsed.data.map(({ area, name, aspect }) => [area, name, aspect].join(" ").trim())
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  if (twice !== undefined) throw invalid(`${twice} comes twice`)
  return parsed.data
}
