import { planBuild, type BuildPlan } from "../../core/plan/build-plan.js"
import { decideSources, type Probe } from "../../core/plan/sources.js"
import type { PlatformName } from "../../core/platforms.js"
import type { BuildRequest } from "../../core/request/request.js"
import { resolveDefinition } from "../../core/variants/definitions.js"
import { probeFromHere } from "./probe.js"

/**
 * Decides where tools come from, then plans. Runs nothing and needs no engine.
 *
 * @param assets names of upstream files that were fetched beforehand
 * @param probe asks for upstream files; defaults to asking from here
 * @param enginePlatform see {@link planBuild}; for a plan that is only shown it can be omitted
 */
export async function plan(
  request: BuildRequest,
  assets: readonly string[] = [],
  probe: Probe = probeFromHere(request.mirror?.credentials),
  enginePlatform?: PlatformName,
): Promise<BuildPlan> {
  const tools = [...new Set(request.variants.flatMap((variant) => resolveDefinition(variant, request.custom).tools))]
  const sources = await decideSources(request, tools, assets, probe)
  return planBuild(request, sources, enginePlatform)
}
