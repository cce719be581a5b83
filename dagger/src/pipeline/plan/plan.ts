import { probeFromHere } from "./probe.js"
import { planVariant, type VariantPlan } from "../../core/plan/plan.js"
import { resolveDefinition } from "../../core/variants/definitions.js"
import type { BuildRequest } from "../../core/request/request.js"
import { decideSources, type Probe } from "../../core/plan/sources.js"

/**
 * What a build would do, with nothing run: needs no engine.
 *
 * @param assets names of upstream files that were fetched beforehand
 * @param probe asks whether upstream files answer; from here when omitted
 */
export async function plan(
  request: BuildRequest,
  assets: readonly string[] = [],
  probe: Probe = probeFromHere(request.mirror?.credentials),
): Promise<VariantPlan[]> {
  const tools = [...new Set(request.variants.flatMap((variant) => resolveDefinition(variant, request.custom).tools))]
  const sources = await decideSources(request.sources, tools, request.platforms, assets, request.mirror, probe)
  return request.variants.map((variant) => planVariant(variant, request, sources))
}
