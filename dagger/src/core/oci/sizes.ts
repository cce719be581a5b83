import { megabytes } from "../text/markdown.js"
import type { CheckResult, ImageLayer, Tool } from "../report/report.js"
import type { SizeLimits } from "../variants/definitions.js"

/**
 * The layer that budgets leave aside: the Actions runner's archive brings two Node.js of its own, and is as large as its
 * makers have it. The stand-in runner lies in the same layer.
 */
export const RUNNER_LAYER = "runner"

/** How far the platforms of an image may be apart, of the smaller one's bytes. */
export const MOST_DIFFERENCE = 0.05

/** The sizes of one platform's image. */
export interface PlatformSizes {
  platform: string
  layers: readonly ImageLayer[]
  /** Those of the image that it was put on top of, when that was built too. */
  parentLayers?: readonly ImageLayer[]
}

/** What a variant's definition demands. */
export interface SizeDemands extends SizeLimits {
  /** The variant that it extends. */
  parent?: string
}

/** Of some layers, all bytes unpacked. */
export function totalBytes(layers: readonly Pick<ImageLayer, "bytes">[]): number {
  return layers.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** What counts towards the budget: all layers but the runner's. */
export function budgetedLayers(layers: readonly ImageLayer[]): ImageLayer[] {
  return layers.filter(({ name }) => name !== RUNNER_LAYER)
}

/** How many bytes, unpacked, are layers that another image has as well. */
export function sharedBytes(layers: readonly ImageLayer[], others: readonly ImageLayer[]): number {
  const digests = new Set(others.map(({ digest }) => digest))
  return totalBytes(layers.filter(({ digest }) => digests.has(digest)))
}

/** How far apart sizes are, of the smallest: 0.05 for 100 and 105. */
export function difference(sizes: readonly number[]): number {
  const smallest = Math.min(...sizes)
  return (Math.max(...sizes) - smallest) / smallest
}

/**
 * Tools with what each of them costs: its layer's bytes, or, of one that comes as a package of the distribution, what dpkg says that its
 * files take (`Installed-Size`), dependencies not counted.
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

/** Judges the sizes of one variant's image on all its platforms, and gives the checks of each. */
export function sizeChecks(demands: SizeDemands, images: readonly PlatformSizes[]): Map<string, CheckResult[]> {
  const apart = platformsCheck(images)
  return new Map(
    images.map((image) => [image.platform, [...budgetCheck(demands, image), apart, ...sharedCheck(demands, image)]]),
  )
}

function budgetCheck({ budgetBytes }: SizeDemands, { layers }: PlatformSizes): CheckResult[] {
  if (budgetBytes === undefined) return []
  const check = { name: "size/budget", proves: "the image keeps to its variant's budget, the runner aside" }
  const bytes = totalBytes(budgetedLayers(layers))
  if (bytes <= budgetBytes) return [{ ...check, status: "passed" }]
  const actual = `${megabytes(bytes)}, of which ${largest(layers)}`
  return [{ ...check, status: "failed", expected: `at most ${megabytes(budgetBytes)}`, actual }]
}

/** The layers where savings are to be looked for. */
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
  if (!image.parentLayers) return [{ ...check, status: "skipped", reason: `${parent} was not built beside it` }]
  const share = sharedBytes(image.layers, image.parentLayers) / totalBytes(image.layers)
  if (share >= minimumShared) return [{ ...check, status: "passed" }]
  return [{ ...check, status: "failed", expected: `at least ${percent(minimumShared)}`, actual: percent(share) }]
}

/** `percent(0.0612)` ⇒ `"6.1 %"` */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
