import type { FinishedPlatform } from "../../core/oci/finish.js"
import { installedSizes } from "../../core/packages/dpkg-status.js"
import type { PlatformName } from "../../core/platforms.js"
import type { CheckResult, ImageLayer, PlatformReport, Tool } from "../../core/report/report.js"
import { sharedBytes, sizeChecks, withCosts } from "../../core/oci/sizes.js"
import type { VariantPlan } from "../../core/plan/plan.js"
import type { VariantName } from "../../core/variants/names.js"
import type { FinishedImage } from "./finish.js"
import { factsOf } from "../engine/read-container.js"
import type { PlatformBuild } from "../image/platform-image.js"

/** The sizes of one platform's image, and the results of the size checks. */
export interface MeasuredImage {
  layers: ImageLayer[]
  tools: Tool[]
  shared: PlatformReport["shared"]
  checks: CheckResult[]
}

/** The sizes of the finished images of one run. */
export class SizeMeasurement {
  private readonly measured = new Map<VariantName, ReadonlyMap<PlatformName, ImageLayer[]>>()

  /** Measures all platforms of a variant. If its parent is built too, it must be measured first. */
  async measure(
    { variant, extends: parent, limits }: VariantPlan,
    { platforms }: Pick<FinishedImage, "platforms">,
    images: readonly PlatformBuild[],
  ): Promise<Map<PlatformName, MeasuredImage>> {
    const parents = parent === undefined ? undefined : this.measured.get(parent)
    const found = await Promise.all(
      images.map(async ({ container, layers: names, context: { platform, tools } }) => {
        const layers = namedLayers(platforms.get(platform), names)
        const installed = installedSizes((await factsOf(container)).status)
        return { platform, layers, tools: withCosts(tools, layers, installed), parentLayers: parents?.get(platform) }
      }),
    )
    this.measured.set(variant, new Map(found.map(({ platform, layers }) => [platform, layers])))
    const demands = { ...limits, ...(parent === undefined ? {} : { parent }) }
    const checks = sizeChecks(
      demands,
      found.map(({ platform, layers, parentLayers }) => ({
        platform,
        layers,
        ...(parentLayers ? { parentLayers } : {}),
      })),
    )
    return new Map(
      found.map(({ platform, layers, tools, parentLayers }) => [
        platform,
        {
          layers,
          tools,
          shared:
            parent !== undefined && parentLayers
              ? { variant: parent, bytes: sharedBytes(layers, parentLayers) }
              : undefined,
          checks: checks.get(platform) ?? [],
        },
      ]),
    )
  }
}

function namedLayers(finished: FinishedPlatform | undefined, names: readonly string[]): ImageLayer[] {
  const layers = finished?.layers ?? []
  return layers.map(({ digest, size, bytes }, place) => ({
    // If their number differs, names cannot be matched with layers.
    name: (names.length === layers.length ? names[place] : undefined) ?? `layer ${String(place + 1)}`,
    digest,
    bytes,
    compressedBytes: size,
  }))
}
