import { dag } from "@dagger.io/dagger"
import { resolve } from "node:path"
import { changedFiles } from "../../dagger/src/core/inputs/inputs.js"
import { indexOf } from "../../dagger/src/core/oci/layout.js"
import { reproductionText } from "../../dagger/src/core/render/reproduction.js"
import type { OriginalReport } from "../../dagger/src/core/reproduce/original.js"
import { originalError } from "../../dagger/src/core/reproduce/original.js"
import { assertReproduced } from "../../dagger/src/core/reproduce/reproduction.js"
import type { ImageReference } from "../../dagger/src/core/text/reference.js"
import { registryOriginal } from "../../dagger/src/pipeline/reproduce/registry-original.js"
import { reproduce, type FindOriginal, type Original } from "../../dagger/src/pipeline/reproduce/reproduce.js"
import { layoutReader } from "../../dagger/src/pipeline/oci/layout-files.js"
import { engineInputs } from "../engine/identity.js"
import type { CommandContext } from "../input/context.js"
import type { Credentials } from "../input/credentials.js"
import { readInputs } from "../input/host-inputs.js"
import type { HostRequest } from "../input/request.js"
import { inSession } from "../session/session.js"
import { inputsOf } from "./inputs.js"
import { registryAccess } from "./registry.js"

interface PublishedOriginal {
  reference: ImageReference
  credentials: Credentials | undefined
  /** The registry has no TLS, although it is not on this machine. */
  plainHttp: boolean
}

export interface ReproduceRun {
  report: OriginalReport
  original: { folder: string } | PublishedOriginal
  host: HostRequest
  bareEngine: boolean
  json: boolean
}

/** Builds an image again, prints the comparison, and fails if it is not the same. Throws RunnerImagesError REPRODUCTION_DIFFERS. */
export async function runReproduce(context: CommandContext, run: ReproduceRun): Promise<void> {
  const { host, report } = run
  const original = "folder" in run.original ? await folderOriginal(run.original.folder) : run.original
  if ("index" in original && original.index !== report.index)
    throw originalError(`the report describes ${report.index}, but the layout beside it has ${original.index}`)
  const found = await inSession({ ...context, bareEngine: run.bareEngine }, async ({ progress, engine }) => {
    const now = await readInputs(host, engineInputs(engine))
    for (const change of report.inputs ? changedFiles(report.inputs, now) : [])
      progress.warn("all platforms", `${change} since the original was built, so the image may differ`)
    const inputs = inputsOf(host)
    const find: FindOriginal =
      "index" in original
        ? () => original
        : (engineHost) =>
            registryOriginal(
              original.reference,
              engineHost,
              registryAccess(dag, {
                repository: original.reference.repository,
                credentials: original.credentials,
                caBundle: inputs.caBundle,
                plainHttp: original.plainHttp,
              }),
              progress,
            )
    return reproduce(find, host.request, inputs, progress)
  })
  context.terminal.close()
  context.answer(run.json ? JSON.stringify(found, null, 2) : reproductionText(found))
  assertReproduced(found)
}

/** The layers are only loaded into the engine if they are to be compared. */
async function folderOriginal(given: string): Promise<Original> {
  const folder = resolve(given)
  const read = layoutReader(folder, (path, why, cause) => originalError(`${path} cannot be read: ${why}`, cause))
  return {
    index: await indexOf(read),
    read,
    files: (paths) => dag.host().directory(folder, { include: [...paths] }),
  }
}
