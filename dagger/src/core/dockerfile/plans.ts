import { catalogTool, decidedTogether, upstreamFiles, type CatalogTool, type ToolName } from "../catalog/catalog.js"
import { planBuild, type PlannedPart } from "../plan/build-plan.js"
import type { PlannedTool } from "../plan/plan.js"
import { sourceForFiles, type DecidedSources } from "../plan/sources.js"
import { PLATFORMS, type PlatformName } from "../platforms.js"
import { SOURCE_KINDS, type RunnerKind, type SourceKind } from "../report/report.js"
import { lineage, resolveDefinition } from "../variants/definitions.js"
import type { BuiltInVariant, VariantName } from "../variants/names.js"

/** Where the runner comes from, by what `--build-arg RUNNER` says. */
export const RUNNERS: Readonly<Record<RunnerKind, SourceKind>> = { official: "upstream", act: "registry" }

/** Both of a Dockerfile's plans, and its variant after those that it extends. */
export interface DockerfilePlans {
  variants: VariantName[]
  part: (variant: VariantName, kind: SourceKind, platform?: PlatformName) => PlannedPart
}

/**
 * Plans a variant from upstream and from registries. A vendor's file that cannot be verified is not used: its tool comes from a registry in both
 * cases.
 */
export function dockerfilePlans(variant: BuiltInVariant): DockerfilePlans {
  const { tools } = resolveDefinition(variant, undefined)
  const plans = Object.fromEntries(
    SOURCE_KINDS.map((kind) => [
      kind,
      planBuild(
        { platforms: [...PLATFORMS], variants: [variant], sources: kind, sudo: false, refresh: false },
        kind === "upstream" ? verifiableSources(tools) : { mode: kind, reason: "" },
      ),
    ]),
  ) as Record<SourceKind, ReturnType<typeof planBuild>>
  const [first] = PLATFORMS
  if (first === undefined) throw new Error("there is no platform")
  return {
    variants: lineage(variant, undefined),
    part: (name, kind, platform = first) => plans[kind].part(name, platform),
  }
}

function verifiableSources(tools: readonly ToolName[]): DecidedSources {
  const decided = decidedTogether(tools).flatMap((names) => {
    const source = sourceForFiles(upstreamFiles(names, PLATFORMS), new Map())
    return names.map((name) => [name, source] as const)
  })
  return { mode: "auto", tools: Object.fromEntries(decided) }
}

/** A part's own tools except the runner, which has a choice of its own. */
export function ownTools(part: PlannedPart): PlannedTool[] {
  return part.added.tools.filter(({ name }) => name !== "runner")
}

/** A tool as it is planned for one platform. */
export interface ToolOnPlatform {
  platform: PlatformName
  tool: PlannedTool
}

/** The same tool on each platform. */
export function onPlatforms(
  plans: DockerfilePlans,
  variant: VariantName,
  kind: SourceKind,
  name: string,
): ToolOnPlatform[] {
  return PLATFORMS.map((platform) => {
    const tool = plans.part(variant, kind, platform).added.tools.find((candidate) => candidate.name === name)
    if (!tool) throw new Error(`${name} is not planned for ${platform}`)
    return { platform, tool }
  })
}

/** The version of a tool that has one before it is built. */
export function versionOf(tool: PlannedTool): string | undefined {
  return "version" in tool ? tool.version : undefined
}

/** The catalog's entry of a planned tool. */
export function entryOf(tool: PlannedTool): CatalogTool {
  return catalogTool(tool.name as ToolName)
}
