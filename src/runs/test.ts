import { dag } from "@dagger.io/dagger"
import type { ImageReference } from "../../dagger/src/core/text/reference.js"
import type { Report } from "../../dagger/src/core/report/report.js"
import { build } from "../../dagger/src/pipeline/build.js"
import { testImage } from "../../dagger/src/pipeline/checks/verify-image.js"
import type { Progress } from "../../dagger/src/core/progress/progress.js"
import type { CommandContext } from "../input/context.js"
import type { HostRequest } from "../input/request.js"
import { summariseVariant } from "../output/summary.js"
import { inSession } from "../session/session.js"
import { finishRun } from "./answer.js"
import { inputsOf } from "./inputs.js"
import { loopbackRegistry } from "./registry.js"

export interface TestRun {
  /** An image to test instead of building. */
  reference?: ImageReference
  /** The registry of that image has no TLS, although it is not on this machine. */
  plainHttp: boolean
  bareEngine: boolean
  json: boolean
}

/** Builds and tests images, or tests an existing one, and prints the result; images stay in the engine. */
export async function runTest(context: CommandContext, host: HostRequest, run: TestRun): Promise<void> {
  const variants = await inSession({ ...context, bareEngine: run.bareEngine }, async ({ progress }) =>
    (await reportsOf(host, run, progress)).map((report) => summariseVariant(report)),
  )
  finishRun(context, run.json, variants, host.request.native)
}

async function reportsOf(host: HostRequest, { reference, plainHttp }: TestRun, progress: Progress): Promise<Report[]> {
  if (reference === undefined) return (await build(host.request, inputsOf(host), progress)).map(({ report }) => report)
  const { platforms, variants, custom, base, native = false } = host.request
  const [variant = "standard"] = variants
  const { uploads, caBundle } = inputsOf(host)
  const access = reference.repository.loopback ? loopbackRegistry(dag, reference.repository) : undefined
  return [
    await testImage(
      {
        reference,
        platforms,
        variant,
        native,
        uploads,
        plainHttp,
        ...(caBundle === undefined ? {} : { caBundle }),
        ...(custom ? { custom } : {}),
        ...(base ? { base } : {}),
        ...(access ?? {}),
      },
      progress,
    ),
  ]
}
