import type { Container, Directory, File } from "@dagger.io/dagger"
import { expectedTools, type CheckContext } from "../core/checks.js"
import { annotationsOf, labelsOf, type BuildFacts } from "../core/labels.js"
import { parseLock, type Lock } from "../core/packages.js"
import { planVariant, type PlatformPlan, type VariantPlan } from "../core/plan.js"
import type { PlatformName } from "../core/platforms.js"
import { newestDate } from "../core/releases.js"
import { RunnerImagesError } from "../core/errors.js"
import {
  REPORT_SCHEMA_VERSION,
  type CheckResult,
  type LockedPackage,
  type PlatformReport,
  type Report,
  type Tool,
} from "../core/report.js"
import { renderJUnit } from "../core/report-junit.js"
import { renderMarkdown } from "../core/report-text.js"
import type { BuildRequest } from "../core/request.js"
import type { VariantName } from "../core/variants.js"
import { PROJECT_VERSION } from "../core/version.js"
import { finish } from "./finish.js"
import { HEALTHCHECK, imageOf, packageInstall } from "./image.js"
import { native as nativeSide, type Native } from "./native.js"
import {
  installPackages,
  readArchive,
  resolvePackages,
  twinOf,
  type Archive,
  type InstalledPackages,
  type ResolvedPackages,
} from "./packages.js"
import { plan as planAll } from "./plan.js"
import type { Progress } from "./progress.js"
import { checkImage } from "./smoke.js"
import { dag } from "@dagger.io/dagger"

/** What the pipeline needs beside the request: Dagger's own objects, which each door gets in its own way. */
export interface BuildInputs {
  /** The project's `docker/` folder: what goes into images. */
  docker: Directory
  /** Upstream archives by file name, fetched beforehand. */
  assets?: Directory
  /** Certificate authorities that native download steps trust. Never in a layer. */
  caBundle?: File
  /** For measuring: makes every step new, so that nothing is answered from the engine's cache unless the moment was there before. */
  moment?: string
}

export interface BuiltVariant {
  variant: VariantName
  report: Report
  /**
   * OCI layout (`oci-layout`, `index.json`, `blobs/`) with `report.json`, `report.md` and `report.xml` beside it;
   * only the reports when a check failed.
   */
  directory: Directory
}

/** One platform's image, built and not yet checked. */
export interface PlatformBuild {
  container: Container
  /** What each layer is, from the base up. */
  layers: string[]
  installation: PlatformReport["installation"]
  context: CheckContext & { tools: readonly Tool[]; packages: readonly LockedPackage[] }
}

/** What all platforms and variants of one run share. */
interface Run {
  request: BuildRequest
  inputs: BuildInputs
  progress: Progress
  native: Native
  archive: Archive
  plans: VariantPlan[]
  created: string
  lock: Lock | undefined
  standInVersion: string
}

/** Builds, smoke-tests and finishes every variant for every platform. Checks that fail are in the reports, not thrown. */
export async function build(request: BuildRequest, inputs: BuildInputs, progress: Progress): Promise<BuiltVariant[]> {
  const run = await prepare(request, inputs, progress)
  const built: BuiltVariant[] = []
  for (const plan of run.plans) built.push(await buildVariant(run, plan))
  return built
}

/** Builds one variant for one platform and stops there: for a look inside. */
export async function buildContainer(
  request: BuildRequest,
  inputs: BuildInputs,
  progress: Progress,
): Promise<Container> {
  const run = await prepare(request, inputs, progress)
  const [plan] = run.plans
  const [platform] = plan?.platforms ?? []
  if (!plan || !platform) throw new Error("a container needs one variant and one platform")
  return (await buildPlatform(run, plan, platform, packagesOf(run, plan))).container
}

async function prepare(request: BuildRequest, inputs: BuildInputs, progress: Progress): Promise<Run> {
  const lock = request.lock === undefined ? undefined : parseLock(request.lock, request.platforms)
  const plans = await progress.run("all platforms", "plan", async () =>
    planAll(request, (await inputs.assets?.entries()) ?? []),
  )
  const native = await progress.run("all platforms", "base image", () => nativeSide(inputs.caBundle, inputs.moment))
  const archive = await progress.run("all platforms", "package archive", () =>
    readArchive(
      native,
      request.refresh ? new Date().toISOString() : new Date().toISOString().slice(0, "2000-01-01".length),
    ),
  )
  const standInVersion = (await inputs.docker.file("stand-in/VERSION").contents()).trim()
  const created = newestDate(archive.releases)
  return { request, inputs, progress, native, archive, plans, created, lock, standInVersion }
}

async function buildPlatform(
  run: Run,
  plan: VariantPlan,
  platform: PlatformPlan,
  packages: PackagesOf,
): Promise<PlatformBuild> {
  const { native, progress, inputs } = run
  const scope = platform.platform
  const { resolved, installed } = await packages(scope)
  const locked = resolved.packages.map(({ name, version, sha256 }) => ({ name, version, sha256 }))
  const tools = expectedTools(platform, locked, run.standInVersion)
  const labels = labelsOf(plan, factsOf(run, tools))
  const { container, layers } = await progress.run(scope, "tools", async () => {
    const image = await imageOf(native, plan, platform, installed, inputs, labels)
    return { ...image, container: await image.container.sync() }
  })
  const { road, reason } = installed
  const installation = { road, ...(reason === undefined ? {} : { reason }) }
  return { container, layers, installation, context: { platform: scope, plan, tools, packages: locked } }
}

interface Packages {
  resolved: ResolvedPackages
  installed: InstalledPackages
}
type PackagesOf = (platform: PlatformName) => Promise<Packages>

/**
 * Resolves and installs a variant's packages, once per platform. A foreign platform's borrow programs from those of the engine's own, as soon
 * as these are unpacked, even when no image of that platform is asked for.
 */
function packagesOf(run: Run, plan: VariantPlan): PackagesOf {
  const { native, progress } = run
  const resolve = once(async (platform: PlatformName): Promise<ResolvedPackages> => {
    const [planned] = planVariant(plan.variant, { ...run.request, platforms: [platform] }, plan.sources).platforms
    return progress.run(platform, "resolve packages", () =>
      resolvePackages(native, run.archive, platform, planned?.packages ?? [], run.lock?.[platform]),
    )
  })
  return once(async (platform: PlatformName): Promise<Packages> => {
    const [resolved, own] = await Promise.all([resolve(platform), resolve(native.platform)])
    const twin = platform === native.platform ? undefined : twinOf(packageInstall(native, native.platform, own))
    const install = packageInstall(native, platform, resolved)
    const installed = await progress.run(platform, "packages", () => installPackages(native, install, twin))
    if (installed.reason !== undefined)
      progress.warn(platform, `packages were installed under emulation, which takes much longer: ${installed.reason}`)
    return { resolved, installed }
  })
}

/** Does the work for every platform at most once, whoever asks and how often. */
function once<T>(work: (platform: PlatformName) => Promise<T>): (platform: PlatformName) => Promise<T> {
  const done = new Map<PlatformName, Promise<T>>()
  return (platform) => {
    const result = done.get(platform) ?? work(platform)
    done.set(platform, result)
    return result
  }
}

function factsOf(run: Run, tools: readonly Tool[]): BuildFacts {
  const runnerVersion = tools.find((tool) => tool.name === "runner")?.version ?? "unknown"
  return { created: run.created, base: run.native.base, runnerVersion }
}

async function buildVariant(run: Run, plan: VariantPlan): Promise<BuiltVariant> {
  const { native, progress } = run
  // Made while packages are installed: the steps above them need it, and it needs nothing from them.
  const toolbox = progress.run("all platforms", "toolbox", () => native.toolbox.sync())
  const packages = packagesOf(run, plan)
  const checking = plan.platforms.map(async (platform) => {
    const image = await buildPlatform(run, plan, platform, packages)
    return { image, checks: await checkImage(native, image.container, image.context, progress) }
  })
  await allSettled<unknown>([...checking, toolbox])
  const checked = await allSettled(checking)
  const failed = checked.some(({ checks }) => checks.some((check) => check.status === "failed"))
  const tools = checked[0]?.image.context.tools ?? []
  const facts = factsOf(run, tools)
  const finished = failed
    ? undefined
    : await progress.run("all platforms", "finish", () =>
        finish(
          checked.map(({ image }) => ({ platform: image.context.platform, container: image.container })),
          {
            created: run.created,
            annotations: annotationsOf(plan, facts),
            healthcheck: HEALTHCHECK,
            ...(run.request.compression === undefined ? {} : { compression: run.request.compression }),
            layers: Object.fromEntries(checked.map(({ image }) => [image.context.platform, image.layers])),
          },
          native.container,
        ),
      )
  const report: Report = {
    schemaVersion: REPORT_SCHEMA_VERSION,
    variant: plan.variant,
    version: PROJECT_VERSION,
    created: run.created,
    sources: plan.sources,
    runner: { kind: plan.runner, version: facts.runnerVersion },
    releases: run.archive.releases,
    ...(finished ? { index: finished.index } : {}),
    platforms: checked.map(({ image, checks }) =>
      platformReport(run, image, checks, finished?.platforms.get(image.context.platform)),
    ),
  }
  const directory = (finished?.layout ?? dag.directory())
    .withNewFile("report.json", `${JSON.stringify(report, null, 2)}\n`)
    .withNewFile("report.md", renderMarkdown(report))
    .withNewFile("report.xml", renderJUnit([report]))
  return { variant: plan.variant, report, directory }
}

function platformReport(
  run: Run,
  image: PlatformBuild,
  checks: CheckResult[],
  finished: { digest: string; compressedBytes: number } | undefined,
): PlatformReport {
  const { platform, packages, tools } = image.context
  return {
    platform,
    ...(finished ? { digest: finished.digest, compressedBytes: finished.compressedBytes } : {}),
    base: run.native.base,
    packages: [...packages],
    tools: [...tools],
    installation: image.installation,
    checks,
    steps: run.progress.steps(platform),
  }
}

/** Waits for every promise before failing with the first error, so that no step goes on behind a reported failure. */
async function allSettled<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work)
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason
    return result.value
  })
}

/** @throws RunnerImagesError CHECKS_FAILED naming every check that failed, by platform */
export function assertChecksPassed(report: Report): void {
  const failed = report.platforms.flatMap(({ platform, checks }) =>
    checks
      .filter((check) => check.status === "failed")
      .map(
        (check) =>
          `${platform} ${check.name}: expected ${check.expected ?? "?"}, actual ${check.actual ?? check.reason ?? "?"}`,
      ),
  )
  if (failed.length === 0) return
  throw new RunnerImagesError(
    "CHECKS_FAILED",
    `${String(failed.length)} smoke tests of the ${report.variant} image failed:\n  ${failed.join("\n  ")}\n`,
    "Nothing was written or published.",
  )
}
