import { dag } from "@dagger.io/dagger"
import type { StatementSigner } from "../../dagger/src/core/evidence/evidence.js"
import type { Repository } from "../../dagger/src/core/text/reference.js"
import { TagMoves } from "../../dagger/src/core/oci/tag-moves.js"
import type { PublishTarget } from "../../dagger/src/pipeline/oci/publish.js"
import { release } from "../../dagger/src/pipeline/release.js"
import type { CommandContext } from "../input/context.js"
import type { Credentials } from "../input/credentials.js"
import type { HostRequest } from "../input/request.js"
import { SUMMARY_SCHEMA_VERSION, summariseVariant } from "../output/summary.js"
import { inSession } from "../session/session.js"
import { inputsOf } from "./inputs.js"
import { registryAccess } from "./registry.js"

export interface PublishRun {
  repository: Repository
  tags: string[]
  variantTags: boolean
  force: boolean
  dryRun: boolean
  credentials: Credentials | undefined
  /** The registry has no TLS, although it is not on this machine. */
  plainHttp: boolean
  /** Undefined if nothing is to be signed. */
  sign: StatementSigner | undefined
  bareEngine: boolean
  json: boolean
}

/** Builds, publishes and prints `repository@digest`, one line per variant and nothing else. */
export async function runPublish(context: CommandContext, host: HostRequest, run: PublishRun): Promise<void> {
  const { repository, tags, variantTags, force, dryRun, credentials, plainHttp } = run
  const published = await inSession({ ...context, bareEngine: run.bareEngine }, ({ progress }) => {
    for (const line of host.notes) progress.note("all platforms", line)
    const inputs = inputsOf(host)
    const moves = new TagMoves()
    context.interrupts.leaves(() => moves.account())
    const target: PublishTarget = {
      repository: repository.name,
      tags,
      variantTags,
      force,
      dryRun,
      moves,
      ...(run.sign && { sign: run.sign }),
      ...registryAccess(dag, { repository, credentials, caBundle: inputs.caBundle, plainHttp }),
    }
    return release(host.request, inputs, progress, target)
  })
  context.terminal.close()
  const references = published.flatMap(({ places: { reference } }) => reference ?? [])
  const variants = published.map(({ image }) => summariseVariant(image.report))
  context.answer(
    run.json
      ? JSON.stringify(
          { schemaVersion: SUMMARY_SCHEMA_VERSION, ...(dryRun ? { dryRun } : {}), references, variants },
          null,
          2,
        )
      : references.join("\n"),
  )
}
