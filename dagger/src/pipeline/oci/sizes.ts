import type { Container, Directory } from "@dagger.io/dagger"
import type { FinishedPlatform } from "../../core/oci/finish.js"
import { installedSizes } from "../../core/packages/dpkg-status.js"
import type { PlatformName } from "../../core/platforms.js"
import type { CheckResult, ImageLayer, PlatformReport, Tool } from "../../core/report/report.js"
import type { BuildRequest } from "../../core/request/request.js"
import { sharedBytes, sizeChecks, withCosts } from "../../core/oci/sizes.js"
import type { VariantPlan } from "../../core/plan/plan.js"
import type { VariantName } from "../../core/variants/names.js"
import type { FinishedImage } from "./finish.js"
import { unpackedBytes } from "./layers.js"
import type { EngineHost } from "../engine/engine-host.js"
import type { PlatformBuild } from "../image/platform-image.js"

/** The sizes of one platform's image, and the results of the size checks. */
export interface MeasuredImage {
  layers: ImageLayer[]
  tools: Tool[]
  shared: PlatformReport["shared"]
  checks: CheckResult[]
}

/** Measures the finished images of one run. Shared layers are unpacked once. */
export class SizeMeasurement {
  /** Bytes unpacked, by digest. */
  private readonly known = new Map<string, number>()
  private readonly measured = new Map<VariantName, ReadonlyMap<PlatformName, ImageLayer[]>>()

  constructor(
    private readonly engineHost: EngineHost,
    private readonly compression: BuildRequest["compression"],
  ) {}

  /** Measures all platforms of a variant. If its parent is built too, it must be measured first. */
  async measure(
    { variant, extends: parent, limits }: VariantPlan,
    { layout, platforms }: FinishedImage,
    images: readonly PlatformBuild[],
  ): Promise<Map<PlatformName, MeasuredImage>> {
    const parents = parent === undefined ? undefined : this.measured.get(parent)
    const found = await Promise.all(
      images.map(async ({ container, layers: names, context: { platform, tools } }) => {
        const layers = await this.layersOf(layout, platforms.get(platform), names)
        const installed = await installedIn(container)
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

  private async layersOf(
    layout: Directory,
    finished: FinishedPlatform | undefined,
    names: readonly string[],
  ): Promise<ImageLayer[]> {
    const layers = finished?.layers ?? []
    const unknown = layers.filter(({ digest }) => !this.known.has(digest))
    const measured = await unpackedBytes(layout, unknown, this.engineHost.toolbox, this.compression)
    for (const [digest, bytes] of measured) this.known.set(digest, bytes)
    return layers.map(({ digest, size }, place) => ({
      // If their number differs, names cannot be matched with layers.
      name: (names.length === layers.length ? names[place] : undefined) ?? `layer ${String(place + 1)}`,
      digest,
      bytes: this.known.get(digest) ?? 0,
      compressedBytes: size,
    }))
  }
}

async function installedIn(container: Container): Promise<Map<string, number>> {
  return installedSizes(await container.file("/var/lib/dpkg/status").contents())
}
