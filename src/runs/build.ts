import { changedInput, type Inputs } from "../../dagger/src/core/inputs/inputs.js"
import { buildTo } from "../../dagger/src/pipeline/build.js"
import type { Destination } from "../../dagger/src/pipeline/oci/destination.js"
import type { OutputFolder } from "../artifacts/output-folder.js"
import { ArchiveDestination } from "../destinations/archive.js"
import { ContainerEngineDestination } from "../destinations/container-engine.js"
import { FolderDestination } from "../destinations/folder.js"
import type { FoundEngine } from "../engine/find.js"
import { engineInputs } from "../engine/identity.js"
import type { CommandContext } from "../input/context.js"
import { readInputs } from "../input/host-inputs.js"
import type { HostRequest } from "../input/request.js"
import { summariseVariant } from "../output/summary.js"
import { inSession } from "../session/session.js"
import { finishRun } from "./answer.js"
import { inputsOf } from "./inputs.js"

export interface BuildRun {
  output: OutputFolder
  /** Also write a tar of each layout. */
  archive: boolean
  /** Load the image for this host's platform into Docker or podman. */
  load: boolean
  bareEngine: boolean
  json: boolean
}

/** Builds, delivers the images to their destinations and prints the result. */
export async function runBuild(context: CommandContext, host: HostRequest, run: BuildRun): Promise<void> {
  const { output, archive, load } = run
  const destinations: Destination[] = [
    new FolderDestination(output),
    ...(archive ? [new ArchiveDestination(output)] : []),
    ...(load ? [await ContainerEngineDestination.find(host.request.platforms, output)] : []),
  ]
  const delivered = await inSession({ ...context, bareEngine: run.bareEngine }, async ({ progress, engine }) => {
    for (const line of host.notes) progress.note("all platforms", line)
    const recorded = await recordOf(host, engine)
    return buildTo(destinations, host.request, { ...inputsOf(host), recorded }, progress)
  })
  const variants = delivered.map(({ image, places }) => summariseVariant(image.report, places))
  finishRun(context, run.json, variants, host.request.native)
}

/** Reads the build's inputs before and after the engine does, and gives them if they are the same: then the engine had these. */
async function recordOf(host: HostRequest, engine: FoundEngine): Promise<() => Promise<Inputs | undefined>> {
  const inputs = await readInputs(host, engineInputs(engine))
  return async () => {
    const now = await readInputs(host, engineInputs(engine))
    return changedInput({ ...now, archive: inputs.archive }, inputs) === undefined ? inputs : undefined
  }
}
