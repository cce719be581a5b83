import { megabytes } from "../text/markdown.js"
import type { CheckResult, ImageLayer, Tool } from "../report/report.js"
import type { SizeLimits } from "../variants/definitions.js"

/** The layer that budgets do not count: GitHub's runner contains two copies of Node.js, and its size is up to its vendor. */
export const RUNNER_LAYER = "runner"

/** How much the sizes of an image's platforms may differ, as a share of the smaller one. */
export const MOST_DIFFERENCE = 0.05

/** The sizes of one platform's image. */
export interface PlatformSizes {
  platform: string
  layers: readonly ImageLayer[]
  /** Those of the image that it extends, if that was built too. */
  parentLayers?: readonly ImageLayer[]
}

/** What a variant's definition requires. */
export interface SizeDemands extends SizeLimits {
  /** The variant that it extends. */
  parent?: string
}

/** The unpacked size of some layers. */
export function totalBytes(layers: readonly Pick<ImageLayer, "bytes">[]): number {
  return layers.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** The layers that count towards the budget: all except the runner's. */
export function budgetedLayers(layers: readonly ImageLayer[]): ImageLayer[] {
  return layers.filter(({ name }) => name !== RUNNER_LAYER)
}

/** The unpacked bytes of the layers that another image has as well. */
export function sharedBytes(layers: readonly ImageLayer[], others: readonly ImageLayer[]): number {
  const digests = new Set(others.map(({ digest }) => digest))
  return totalBytes(layers.filter(({ digest }) => digests.has(digest)))
}

/** How much sizes differ, as a share of the smallest: 0.05 for 100 and 105. */
export function difference(sizes: readonly number[]): number {
  const smallest = Math.min(...sizes)
  return (Math.max(...sizes) - smallest) / smallest
}

/**
 * Tools with their sizes: the layer's bytes, or, for a package of the distribution, the size of its files according to dpkg
 * (`Installed-Size`), without dependencies.
 *
 * @param installed bytes by package name, see `installedSizes`
 */
export function withCosts(
  tools: readonly Tool[],
  layers: readonly ImageLayer[],
  installed: ReadonlyMap<string, number>,
): Tool[] {
  return tools.map((tool) => {
    const bytes = tool.source.startsWith("deb:")
      ? installed.get(tool.source.slice("deb:".length))
      : layers.find(({ name }) => name === tool.name)?.bytes
    return bytes === undefined ? tool : { ...tool, bytes }
  })
}

/** Checks the sizes of one variant's image on all its platforms; returns the results by platform. */
export function sizeChecks(demands: SizeDemands, images: readonly PlatformSizes[]): Map<string, CheckResult[]> {
  const apart = platformsCheck(images)
  return new Map(
    images.map((image) => [image.platform, [...budgetCheck(demands, image), apart, ...sharedCheck(demands, image)]]),
  )
}

function budgetCheck({ budgetBytes }: SizeDemands, { layers }: PlatformSizes): CheckResult[] {
  if (budgetBytes === undefined) return []
  const check = { name: "size/budget", proves: "the image is within its variant's budget, not counting the runner" }
  const bytes = totalBytes(budgetedLayers(layers))
  if (bytes <= budgetBytes) return [{ ...check, status: "passed" }]
  const actual = `${megabytes(bytes)}, of which ${largest(layers)}`
  const reason = "make the largest layers smaller, or raise the budget"
  return [{ ...check, status: "failed", expected: `at most ${megabytes(budgetBytes)}`, actual, reason }]
}

/** The largest layers, which are where to look for savings. */
function largest(layers: readonly ImageLayer[]): string {
  return budgetedLayers(layers)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 3)
    .map(({ name, bytes }) => `${name} ${megabytes(bytes)}`)
    .join(", ")
}

function platformsCheck(images: readonly PlatformSizes[]): CheckResult {
  const check = { name: "size/platforms", proves: "platforms differ in size by less than 5 %" }
  if (images.length < 2) return { ...check, status: "skipped", reason: "a single platform was built" }
  const sizes = images.map(({ layers }) => totalBytes(layers))
  const apart = difference(sizes)
  if (apart < MOST_DIFFERENCE) return { ...check, status: "passed" }
  return {
    ...check,
    status: "failed",
    expected: `less than ${percent(MOST_DIFFERENCE)}`,
    actual: `${percent(apart)}: ${images.map(({ platform }, index) => `${platform} ${megabytes(sizes[index] ?? 0)}`).join(", ")}`,
  }
}

function sharedCheck({ parent, minimumShared }: SizeDemands, image: PlatformSizes): CheckResult[] {
  if (parent === undefined || minimumShared === undefined) return []
  const check = { name: "size/shared", proves: `most of its bytes are layers of the ${parent} image` }
  if (!image.parentLayers) return [{ ...check, status: "skipped", reason: `${parent} was not built in the same run` }]
  const share = sharedBytes(image.layers, image.parentLayers) / totalBytes(image.layers)
  if (share >= minimumShared) return [{ ...check, status: "passed" }]
  return [{ ...check, status: "failed", expected: `at least ${percent(minimumShared)}`, actual: percent(share) }]
}

/** `percent(0.0612)` ⇒ `"6.1 %"` */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
