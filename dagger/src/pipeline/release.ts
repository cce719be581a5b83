import { assertPublishable } from "../core/publication.js"
import type { BuildRequest } from "../core/request.js"
import { build, type BuiltVariant } from "./build.js"
import { native } from "./native.js"
import type { Progress } from "./progress.js"
import { publish, type PublishOptions } from "./publish.js"
import type { BuildInputs } from "./run.js"

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
