import { httpAccess } from "./catalog/http-access.js"
import { runnerAge, runnerOld } from "../core/catalog/releases/age.js"
import { catalogTool } from "../core/catalog/catalog.js"
import { runnerReleases } from "../core/catalog/releases/runner-releases.js"
import { assertPublishable, requireConsent } from "../core/oci/publication.js"
import { pinnedVersion } from "../core/plan/plan.js"
import type { BuildRequest } from "../core/request/request.js"
import { buildVariants } from "./build.js"
import type { Progress } from "../core/progress/progress.js"
import { deliver, type Delivered } from "./oci/destination.js"
import { checkTarget, RegistryDestination, type PublishTarget } from "./oci/publish.js"
import { prepareBuild, type BuildInputs } from "./image/build-context.js"

/**
 * Builds, smoke-tests and publishes: all of `publish`, for both entry points.
 *
 * @returns the images, each with its reference, `repository@digest`
 * @throws RunnerImagesError before any work REFERENCE_INVALID, ACT_RUNNER_REFUSED or RUNNER_OLD; where `auto` decides about the runner, the latter two as soon as
 *   it is decided where the runner comes from; before anything is built AUTHENTICATION or REGISTRY_FAILED for a registry that does not accept
 *   the images; later CHECKS_FAILED, CHECKS_INCONCLUSIVE and the errors of a registry. Nothing is tagged until every platform of every variant has passed its checks.
 */
export async function release(
  request: BuildRequest,
  inputs: BuildInputs,
  progress: Progress,
  target: PublishTarget,
): Promise<Delivered[]> {
  assertPublishable(request, target)
  const { sources, runner: asked = "auto" } = request
  const certain = asked === "official" || (asked === "auto" && sources === "upstream")
  if (certain) await requireYoungRunner(progress)
  const run = await prepareBuild(request, inputs, progress)
  for (const { runner } of run.plan.variants) requireConsent(runner, asked)
  const official = run.plan.variants.some(({ runner }) => runner === "official")
  if (!certain && official) await requireYoungRunner(progress)
  // Building takes long: what a registry refuses is found out before.
  const images = run.plan.variants.map((plan) => {
    const { variant, runner, root } = plan
    return { variant, runner, runnerVersion: pinnedVersion(plan, "runner"), root, sudo: request.sudo }
  })
  await progress.run("all platforms", "check the registry", () =>
    checkTarget(images, request, { ...target, runner: asked, engineHost: run.engineHost }, progress),
  )
  return deliver(await buildVariants(run), [new RegistryDestination({ ...target, runner: asked })], run)
}

/** GitHub sends no jobs to a runner that is too old, so it is not published. If its age is unknown, a warning says so. */
async function requireYoungRunner(progress: Progress): Promise<void> {
  const { upstream } = catalogTool("runner")
  if (!upstream) return
  const age = runnerAge(upstream, await runnerReleases(httpAccess()), new Date())
  if (age.verdict === "old") throw runnerOld(age)
  if (age.verdict === "warn") progress.warn("all platforms", age.text)
}
