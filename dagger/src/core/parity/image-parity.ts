import { RunnerImagesError } from "../errors.js"
import { comparedFactsOf, type Fact, type ImageContents } from "./image-facts.js"
import { differenceText } from "../render/image-parity.js"
import { commonNames } from "./arch-neutral.js"
import { explainer, type ParityEvidence, type Row } from "./reasons.js"
import type { PlannedTool, VariantPlan } from "../plan/plan.js"
import type { AllowedImageDifference } from "./platform-differences.js"
import type { PlatformName } from "../platforms.js"
import {
  PARITY_AREAS,
  type CheckResult,
  type ExplainedDifference,
  type ImageDifference,
  type ImageParity,
} from "../report/report.js"

/** The most differences that a failed check names; the report has all. */
const NAMED_DIFFERENCES = 10

/** Compares images of one variant with each other. Differences are in the result, not thrown. */
export function compareImages(images: readonly ImageContents[], evidence: ParityEvidence): ImageParity {
  const platforms = images.map(({ platform }) => platform)
  const rows = rowsOf(images)
  const compared = { software: softwareOf(rows), paths: new Set(rows.flatMap(pathOf)).size }
  const explain = explainer(images, evidence)
  const differences: ImageDifference[] = []
  const explained: ExplainedDifference[] = []
  const suppressions = new Set<AllowedImageDifference>()
  for (const row of differing(rows)) {
    const difference = differenceOf(row)
    const allowed = evidence.allowed.find((entry) => isSame(entry, difference))
    const reason = explain(row) ?? allowed?.reason
    if (reason === undefined) differences.push(difference)
    else explained.push({ ...difference, reason })
    if (allowed && reason === allowed.reason) suppressions.add(allowed)
  }
  return {
    platforms,
    ...compared,
    differences,
    explained,
    unused: evidence.allowed.filter((entry) => !suppressions.has(entry)),
  }
}

/** Evidence that takes time to collect and may explain differences: the archive's packages, and the paths that tools may add. */
export function wantedEvidence({ differences, explained }: ImageParity): { archive: boolean; paths: string[] } {
  return {
    // A package that the archive lacks is a better reason than a package that nothing depends on.
    archive: [...differences, ...explained].some(
      ({ area, values }) => area === "package" && Object.values(values).includes(null),
    ),
    paths: differences.flatMap(({ area, name }) => (area === "file" ? [name] : [])),
  }
}

/** The tools of a plan for which the vendor has a separate file per platform: only these files may make the images differ. */
export function vendorTools({ platforms }: VariantPlan): PlannedTool[] {
  const origin = (tool: PlannedTool | undefined) => {
    switch (tool?.from) {
      case "upstream":
      case "definition":
        return tool.url
      case "npm":
        return tool.package
      case "go-toolchain":
        return tool.module
      case "go-program":
        return tool.arch
      default:
        return undefined
    }
  }
  const [first, ...others] = platforms
  return (first?.tools ?? []).filter((tool) =>
    others.some(({ tools }) => origin(tools.find(({ name }) => name === tool.name)) !== origin(tool)),
  )
}

function rowsOf(images: readonly ImageContents[]): Row[] {
  const facts = new Map(images.map((image) => [image.platform, comparedFactsOf(image)]))
  return PARITY_AREAS.flatMap((area) => {
    const own = new Map([...facts].map(([platform, all]) => [platform, all.filter((fact) => fact.area === area)]))
    const names = commonNames(
      new Map([...own].map(([platform, all]) => [platform, new Set(all.map(({ name }) => name))])),
    )
    const rows = new Map<string, { name: string; aspect?: string; found: Map<PlatformName, Fact> }>()
    for (const [platform, all] of own)
      for (const fact of all) {
        const name = names.get(platform)?.get(fact.name) ?? fact.name
        const key = JSON.stringify([name, fact.aspect])
        const row = rows.get(key) ?? {
          name,
          ...(fact.aspect === undefined ? {} : { aspect: fact.aspect }),
          found: new Map(),
        }
        rows.set(key, row)
        row.found.set(platform, fact)
      }
    return [...rows.values()]
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
      .map(({ found, ...row }) => ({
        area,
        ...row,
        facts: new Map(images.map(({ platform }) => [platform, found.get(platform)])),
      }))
  })
}

/** Rows whose facts differ between platforms. If a path is missing or has another type on a platform, only that is reported. */
function differing(rows: readonly Row[]): Row[] {
  const different = rows.filter(({ facts }) => new Set([...facts.values()].map((fact) => fact?.same)).size > 1)
  const otherType = new Set(different.filter(({ aspect }) => aspect === "type").map(({ name }) => name))
  return different.filter(({ area, name, aspect }) => area !== "file" || aspect === "type" || !otherType.has(name))
}

function softwareOf(rows: readonly Row[]): ImageParity["software"] {
  return rows.flatMap(({ area: kind, name, facts }) =>
    kind === "package" || kind === "tool" ? [{ kind, name, versions: valuesOf(facts) }] : [],
  )
}

function differenceOf({ area, name, aspect, facts }: Row): ImageDifference {
  return { area, name, ...(aspect === undefined ? {} : { aspect }), values: valuesOf(facts) }
}

function valuesOf(facts: Row["facts"]): Record<string, string | null> {
  return Object.fromEntries([...facts].map(([platform, fact]) => [platform, fact?.shown ?? null]))
}

function pathOf({ area, name }: Row): string[] {
  return area === "file" ? [name] : []
}

function isSame(one: Omit<ImageDifference, "values">, other: Omit<ImageDifference, "values">): boolean {
  return one.area === other.area && one.name === other.name && one.aspect === other.aspect
}

/** @throws RunnerImagesError PLATFORM_INVALID when there is only one platform */
export function assertComparable(platforms: readonly PlatformName[]): void {
  if (platforms.length > 1) return
  throw new RunnerImagesError(
    "PLATFORM_INVALID",
    `--platforms names ${platforms.join(", ")} only, so there is nothing to compare it with.`,
    "Leave --platforms out, or name at least two.",
  )
}

/** The result as a check, which every platform's results include. */
export function parityCheck({ differences }: ImageParity): CheckResult {
  const check = {
    name: "parity/platforms",
    proves: "the platforms' images are the same, except for explained differences",
  }
  if (differences.length === 0) return { ...check, status: "passed" }
  const named = differences.slice(0, NAMED_DIFFERENCES).map(differenceText)
  const more = differences.length - named.length
  return {
    ...check,
    status: "failed",
    expected: "no differences",
    actual: [...named, ...(more > 0 ? [`and ${String(more)} more`] : [])].join("; "),
  }
}

/** A variant with the result of comparing its images. */
export interface VariantParity {
  variant: string
  parity: ImageParity
}

export const IMAGES_DIFFER_PROBLEM = "The platforms' images differ."
export const IMAGES_DIFFER_REMEDY =
  "Fix the differences. List those that are necessary, with the reason, in dagger/src/core/parity/platform-differences.json."

/** Why images are not equal, one reason per line; empty if they are. */
export function imageParityFailures({ variant, parity }: VariantParity): string[] {
  return parity.differences.map((difference) => `${variant} ${differenceText(difference)}`)
}

/** @throws RunnerImagesError PARITY_DIFFERS with every difference that nothing explains */
export function assertImageParity(compared: readonly VariantParity[]): void {
  const failures = compared.flatMap(imageParityFailures)
  if (failures.length === 0) return
  throw new RunnerImagesError(
    "PARITY_DIFFERS",
    `${IMAGES_DIFFER_PROBLEM}\n  ${failures.join("\n  ")}\n`,
    IMAGES_DIFFER_REMEDY,
  )
}
