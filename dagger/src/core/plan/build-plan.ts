import type { PlatformName } from "../platforms.js"
import type { BuildRequest } from "../request/request.js"
import { lineage, type VariantFile } from "../variants/definitions.js"
import type { VariantName } from "../variants/names.js"
import { planVariant, verifiable, type PlatformPlan, type VariantPlan } from "./plan.js"
import type { DecidedSources } from "./sources.js"

/** What one variant puts into the image of one platform. */
export interface PlannedPart {
  plan: VariantPlan
  /** All packages and tools of the image, including those of the variants that it extends. */
  whole: PlatformPlan
  /** What the parent variant does not have. */
  added: Pick<PlatformPlan, "packages" | "tools"> & { files: VariantFile[]; links: Record<string, string> }
  /** The variant that this one extends. */
  parent?: VariantName
}

/** Everything that one build creates. Nothing is planned afterwards. */
export interface BuildPlan {
  sources: DecidedSources
  /** The requested variants in the requested order, for the requested platforms. */
  variants: VariantPlan[]
  /**
   * The part of a variant, or of one that it extends, on a platform.
   *
   * @throws Error when the build has no such part
   */
  part: (variant: VariantName, platform: PlatformName) => PlannedPart
  /** A variant after those that it extends, from the first that extends none. */
  lineage: (variant: VariantName) => VariantName[]
}

/**
 * Plans a build: pure, from the request and the decided sources.
 *
 * @param enginePlatform the engine's own platform, whose packages are planned as well: images of other platforms are built with its
 *   programs, whether or not an image for it is requested
 * @throws RunnerImagesError BASE_INVALID when the base lacks a tool, CHECKSUM_UNKNOWN when a requested image's file cannot be verified
 */
export function planBuild(request: BuildRequest, sources: DecidedSources, enginePlatform?: PlatformName): BuildPlan {
  const platforms = [...new Set([...request.platforms, ...(enginePlatform === undefined ? [] : [enginePlatform])])]
  const lineageOf = (variant: VariantName) => lineage(variant, request.custom)
  const plans = new Map<VariantName, VariantPlan>()
  for (const name of request.variants.flatMap(lineageOf))
    if (!plans.has(name)) plans.set(name, planVariant(name, { ...request, platforms }, sources))
  const planOf = (variant: VariantName): VariantPlan => {
    const plan = plans.get(variant)
    if (!plan) throw new Error(`${variant} is not planned`)
    return plan
  }
  const parts = new Map<string, PlannedPart>()
  for (const plan of plans.values()) {
    const parent = plan.extends === undefined ? undefined : planOf(plan.extends)
    for (const whole of plan.platforms) parts.set(`${plan.variant} ${whole.platform}`, partOf(plan, whole, parent))
  }
  const variants = request.variants.map((variant) => {
    const plan = planOf(variant)
    return { ...plan, platforms: plan.platforms.filter(({ platform }) => request.platforms.includes(platform)) }
  })
  for (const tool of variants.flatMap((plan) => plan.platforms.flatMap(({ tools }) => tools))) verifiable(tool, request)
  return {
    sources,
    variants,
    part: (variant, platform) => {
      const part = parts.get(`${variant} ${platform}`)
      if (!part) throw new Error(`${variant} is not planned for ${platform}`)
      return part
    },
    lineage: lineageOf,
  }
}

function partOf(plan: VariantPlan, whole: PlatformPlan, parent: VariantPlan | undefined): PlannedPart {
  const below = parent?.platforms.find(({ platform }) => platform === whole.platform)
  const packages = new Set(below?.packages)
  const tools = new Set(below?.tools.map(({ name }) => name))
  const files = new Set(parent?.files.map(({ path }) => path))
  return {
    plan,
    whole,
    added: {
      packages: whole.packages.filter((name) => !packages.has(name)),
      tools: whole.tools.filter(({ name }) => !tools.has(name)),
      files: plan.files.filter(({ path }) => !files.has(path)),
      links: Object.fromEntries(Object.entries(plan.links).filter(([path]) => parent?.links[path] === undefined)),
    },
    ...(parent ? { parent: parent.variant } : {}),
  }
}
