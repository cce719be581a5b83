import { ReturnType, type Container } from "@dagger.io/dagger"
import { randomUUID } from "node:crypto"
import { HELPERS, type ScheduledCheck } from "../../core/checks/check.js"
import { goBuildCache } from "../../core/checks/go-build-cache.js"
import { judge, unanswered } from "../../core/checks/judge.js"
import { readExecutions, smokeProgram } from "../../core/checks/program.js"
import { byReference, changesAll, provedBelow } from "../../core/checks/repetition.js"
import { execChecks } from "../../core/checks/suite.js"
import { RunnerImagesError, type ErrorCode } from "../../core/errors.js"
import type { CheckResult } from "../../core/report/report.js"
import type { UpstreamAccess } from "../image/upstream.js"
import { withGoBuildCache } from "./go-build-cache.js"
import { inspect, type Inspection } from "./inspect.js"
import type { EngineHost } from "../engine/engine-host.js"
import type { Progress } from "../../core/progress/progress.js"
import { scriptsIn } from "../engine/script.js"
import { filesBelow } from "../engine/uploads.js"
import { ownLayers, withoutLabels, type Checkable } from "./own-layers.js"

type Uploading = Pick<EngineHost, "uploads">

const PROGRAM = "/run/smoke.sh"
const SECOND_PROGRAM = "/run/smoke-again.sh"

/** An image whose checks have run. */
export interface CheckedImage extends Checkable {
  checks: readonly CheckResult[]
}

/** What checks need besides the image. */
export interface CheckResources {
  engineHost: EngineHost
  /** Where tools are taken from that checks use and the image has not. */
  sources: UpstreamAccess
}

/**
 * All checks of one platform's image: first its files, natively, then its behaviour in a container. Also lists what is installed, which is
 * read with the files.
 *
 * @param below the image that this one extends, if it was checked in the same run: what was proved of the layers that both have is not
 *   proved again
 */
export async function checkImage(
  resources: CheckResources,
  image: Checkable,
  progress: Progress,
  below?: CheckedImage,
): Promise<Inspection> {
  const { engineHost } = resources
  const { platform } = image.context
  const { checks: files, installed } = await progress.run(platform, "files", () => inspect(engineHost, image))
  const proved = below ? await progress.run(platform, "own layers", () => proofs(engineHost, image, below)) : []
  if (typeof proved === "string") progress.note(platform, `all smoke tests run: ${proved}`)
  const known = typeof proved === "string" ? [] : proved
  const results = await smokeTest(resources, image, known, progress)
  return { checks: [...files, ...results], installed }
}

/** The results below that count for an image as well, or why none does. */
async function proofs(engineHost: EngineHost, own: Checkable, below: CheckedImage): Promise<CheckResult[] | string> {
  const changed = changesAll(below.context, own.context)
  if (changed !== undefined) return changed
  const layers = await ownLayers(engineHost, below, own)
  const reason = changesAll(below.context, own.context, layers)
  if (reason !== undefined) return reason
  const { variant } = below.context.plan
  const checked = { variant, checks: execChecks(below.context), results: below.checks }
  const contexts = { below: below.context, own: own.context }
  return byReference(checked, provedBelow(checked, execChecks(own.context), contexts, layers))
}

/** Runs the checks of an image, except those whose results are known already; in the checks' own order. */
async function smokeTest(
  resources: CheckResources,
  image: Checkable,
  known: readonly CheckResult[],
  progress: Progress,
): Promise<CheckResult[]> {
  const checks = execChecks(image.context)
  const names = new Set(known.map(({ name }) => name))
  const open = checks.filter(({ name }) => !names.has(name))
  const container = await equipped(resources, image, open, progress)
  const own = await progress.run(image.context.platform, "smoke tests", () =>
    runChecks(resources.engineHost, container, open),
  )
  const results = new Map([...known, ...own].map((result) => [result.name, result]))
  return checks.flatMap(({ name }) => results.get(name) ?? [])
}

/** Why Go for the engine's own platform cannot be had, although the image's own could: nobody has asked for it before. */
const WITHOUT_TOOLCHAIN: readonly ErrorCode[] = ["DOWNLOAD_FAILED", "CHECKSUM_UNKNOWN"]

/** The container in which checks run, with what only makes them faster, as far as it can be had. */
async function equipped(
  { engineHost, sources }: CheckResources,
  image: Checkable,
  checks: readonly ScheduledCheck[],
  progress: Progress,
): Promise<Container> {
  const container = withoutLabels(image)
  const { platform } = image.context
  const cache = goBuildCache(image.context, checks, engineHost.platform)
  if (!cache) return container
  try {
    return await progress.run(platform, "Go's standard library", () =>
      withGoBuildCache(engineHost, container, cache, sources),
    )
  } catch (error) {
    if (!(error instanceof RunnerImagesError && WITHOUT_TOOLCHAIN.includes(error.code))) throw error
    progress.note(platform, `Go's standard library is compiled under emulation: ${error.message}`)
    return container
  }
}

/** Runs checks in a container and judges their results. Those whose time was up are tried once more, one after the other. */
export async function runChecks(
  uploading: Uploading,
  image: Container,
  checks: readonly ScheduledCheck[],
): Promise<CheckResult[]> {
  const container = executed(uploading, image, checks)
  const first = readExecutions(checks, await container.stdout())
  const open = unanswered(checks, first)
  if (open.length === 0) return judge(checks, { last: first })
  const second = readExecutions(open, await executedAgain(uploading, container, open).stdout())
  return judge(checks, { last: new Map([...first, ...second]), first })
}

/** The container after checks have run in it, all in one start, as the image's own user. */
export function executed({ uploads }: Uploading, image: Container, checks: readonly ScheduledCheck[]): Container {
  const files = { ...filesBelow(HELPERS, scriptsIn("checks")), [PROGRAM]: smokeProgram(checks) }
  return image.withDirectory("/", uploads.directory(files)).withExec(["bash", PROGRAM], { expect: ReturnType.Any })
}

/** The same container after some checks have run in it again. Never from the engine's cache, which would keep "no answer" for days. */
function executedAgain({ uploads }: Uploading, container: Container, checks: readonly ScheduledCheck[]): Container {
  return container
    .withDirectory("/", uploads.directory({ [SECOND_PROGRAM]: smokeProgram(checks, true) }))
    .withExec(["bash", SECOND_PROGRAM, randomUUID()], { expect: ReturnType.Any })
}
