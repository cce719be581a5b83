import { readdirSync } from "node:fs"
import { plan } from "../../dagger/src/pipeline/plan/plan.js"
import type { CommandContext } from "../input/context.js"
import type { HostRequest } from "../input/request.js"
import { planText } from "../output/plan.js"

/** Prints what would be built. */
export async function runPlan(context: CommandContext, host: HostRequest, json: boolean): Promise<void> {
  const { variants } = await plan(host.request, host.assets === undefined ? [] : readdirSync(host.assets))
  context.answer(json ? JSON.stringify(variants, null, 2) : planText(variants, host.request.runner))
}
