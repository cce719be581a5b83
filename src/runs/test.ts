import { build } from "../../dagger/src/pipeline/build.js"
import type { CommandContext } from "../commands/context.js"
import type { HostRequest } from "../commands/request.js"
import { summariseVariant } from "../output/summary.js"
import { inSession } from "../session/session.js"
import { finishRun } from "./answer.js"
import { inputsOf } from "./inputs.js"

export interface TestRun {
  bareEngine: boolean
  json: boolean
}

/** Builds, tests and prints what came of it; the images stay in the engine. */
export async function runTest(context: CommandContext, host: HostRequest, run: TestRun): Promise<void> {
  const variants = await inSession({ ...context, bareEngine: run.bareEngine }, async ({ progress }) => {
    const built = await build(host.request, inputsOf(host), progress)
    return built.map(({ report }) => summariseVariant(report))
  })
  finishRun(context, run.json, variants)
}
