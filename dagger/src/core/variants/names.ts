import { RunnerImagesError } from "../errors.js"
import { closest } from "../suggest.js"

/** The variants of this project, each after those that it extends. */
export const VARIANTS = ["standard", "chrome", "chrome-go"] as const
export type BuiltInVariant = (typeof VARIANTS)[number]

/** A variant's name: one of {@link VARIANTS}, or that of a variant that a definition file describes. */
export type VariantName = string

const ALL = "all"

/**
 * Reads variants as a user writes them.
 *
 * @param given one entry per variant, `all` alone for every one, or undefined for the definition file's own, else `standard`
 * @param custom the name of the variant that a definition file describes
 * @throws RunnerImagesError VARIANT_INVALID when one is unknown, empty or given twice
 */
export function parseVariants(given: readonly string[] | undefined, custom?: VariantName): VariantName[] {
  if (given === undefined) return [custom ?? "standard"]
  const known: readonly VariantName[] = custom === undefined ? VARIANTS : [...VARIANTS, custom]
  const choice = `Choose from ${[...known, ALL].join(", ")}.`
  const wanted = given.map((entry) => entry.trim().toLowerCase())
  if (wanted.every((entry) => entry === ""))
    throw new RunnerImagesError("VARIANT_INVALID", "--variants is empty.", choice)
  if (wanted.includes(ALL)) {
    if (wanted.length === 1) return [...known]
    throw new RunnerImagesError("VARIANT_INVALID", '--variants names others beside "all".', "Give all alone.")
  }
  const parsed = wanted.map((entry, index) => parseVariant(entry, given[index] ?? entry, known, choice))
  const twice = parsed.find((variant, index) => parsed.indexOf(variant) !== index)
  if (twice)
    throw new RunnerImagesError("VARIANT_INVALID", `--variants names ${twice} twice.`, "Name each variant once.")
  return parsed
}

function parseVariant(wanted: string, written: string, known: readonly VariantName[], choice: string): VariantName {
  if (wanted === "") throw new RunnerImagesError("VARIANT_INVALID", "--variants has an empty entry.", choice)
  if (known.includes(wanted)) return wanted
  const meant = closest(wanted, [...known, ALL])
  throw new RunnerImagesError(
    "VARIANT_INVALID",
    `There is no variant "${written}".`,
    meant ? `Did you mean ${meant}?` : choice,
  )
}
