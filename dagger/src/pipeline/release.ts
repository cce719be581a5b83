import { requireConsent } from "../core/publication.js"
import { parseRepository, parseTags } from "../core/reference.js"
import { RunnerImagesError } from "../core/errors.js"
import type { BuildRequest } from "../core/request.js"
import { build, type BuildInputs, type BuiltVariant } from "./build.js"
import { native } from "./native.js"
import type { Progress } from "./progress.js"
import { publish, type PublishOptions } from "./publish.js"

export interface Released {
  /** `repository@digest`, one per variant. */
  references: string[]
  built: BuiltVariant[]
}

/**
 * Builds, smoke-tests and publishes: the whole of `publish`, the same from both doors.
 *
 * @throws RunnerImagesError before any work SOURCES_INVALID, REFERENCE_INVALID or STAND_IN_REFUSED; later CHECKS_FAILED and
 *   what a registry can answer. Nothing is tagged until every platform of every variant is proven.
 */
export async function release(
  request: BuildRequest,
  inputs: BuildInputs,
  progress: Progress,
  target: Omit<PublishOptions, "tools">,
): Promise<Released> {
  assertPublishable(request, target)
  const built = await build(request, inputs, progress)
  const { toolbox } = await native(inputs.caBundle)
  const references = await progress.run("all platforms", "publish", () => publish(built, { ...target, tools: toolbox }))
  return { references, built }
}

/** Finds everything that is wrong with a publication and can be known beforehand. */
export function assertPublishable(
  request: Pick<BuildRequest, "sources">,
  target: { repository: string; tags: readonly string[]; allowStandIn: boolean },
): void {
  parseRepository(target.repository)
  parseTags(target.tags)
  if (request.sources === "auto")
    throw new RunnerImagesError(
      "SOURCES_INVALID",
      "What is published must not depend on which vendors answer today, and --sources is auto.",
      "Give --sources upstream or --sources registry.",
    )
  // Registries of packages do not have the Actions runner.
  if (request.sources === "registry") requireConsent("stand-in", target.allowStandIn)
}
