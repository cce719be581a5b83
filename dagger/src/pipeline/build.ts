import type { Container } from "@dagger.io/dagger"
import { assertPassed, failing, inconclusiveText, unusedAccept, unusedAcceptText } from "../core/checks/outcome.js"
import { parityCheck } from "../core/parity/image-parity.js"
import { annotationsOf } from "../core/plan/labels.js"
import type { VariantPlan } from "../core/plan/plan.js"
import { REPORT_SCHEMA_VERSION, reportJson, type PlatformReport, type Report } from "../core/report/report.js"
import { renderJUnit } from "../core/render/junit.js"
import { renderMarkdown } from "../core/render/markdown.js"
import { recorded, type BuildRequest } from "../core/request/request.js"
import type { VariantName } from "../core/variants/names.js"
import { PROJECT_VERSION } from "../core/version.js"
import { allSettled } from "../core/progress/all-settled.js"
import { deliver, type Delivered, type Destination } from "./oci/destination.js"
import {
  exportImages,
  finish,
  layoutOf,
  type FinishedImage,
  type FinishedLayers,
  type LayerOptions,
  type PlatformImage,
} from "./oci/finish.js"
import { compareVariant } from "./parity/image-parity.js"
import { HEALTHCHECK } from "../core/variants/runtime-files.js"
import { annotationFactsOf, PlatformImages, type PlatformBuild } from "./image/platform-image.js"
import type { Progress } from "../core/progress/progress.js"
import { prepareBuild, type BuildInputs, type BuildContext } from "./image/build-context.js"
import { SizeMeasurement, type MeasuredImage } from "./oci/sizes.js"
import { checkImage, type CheckedImage } from "./checks/smoke.js"
import type { Inspection } from "./checks/inspect.js"
import type { BuiltVariant } from "./image/built-variant.js"

/** Builds, smoke-tests and finishes every variant for every platform. Failed checks are in the reports, not thrown. */
export async function build(request: BuildRequest, inputs: BuildInputs, progress: Progress): Promise<BuiltVariant[]> {
  return buildVariants(await prepareBuild(request, inputs, progress))
}

/** Builds, smoke-tests and finishes, then delivers to each destination in turn. */
export async function buildTo(
  destinations: readonly Destination[],
  request: BuildRequest,
  inputs: BuildInputs,
  progress: Progress,
): Promise<Delivered[]> {
  const run = await prepareBuild(request, inputs, progress)
  return deliver(await buildVariants(run), destinations, run)
}

/** Builds the variants of a prepared build. */
export async function buildVariants(run: BuildContext): Promise<BuiltVariant[]> {
  const images = new PlatformImages(run)
  const sizeMeasurement = new SizeMeasurement()
  const checked: CheckedImages = new Map()
  const built: BuiltVariant[] = []
  let known: FinishedLayers | undefined
  for (const plan of run.plan.variants) {
    const { variant, layers } = await buildVariant({ run, images, sizeMeasurement, checked, known }, plan)
    known = layers ?? known
    built.push(variant)
  }
  return built
}

/** Builds one variant for one platform, without checks, to look inside. */
export async function buildContainer(
  request: BuildRequest,
  inputs: BuildInputs,
  progress: Progress,
): Promise<Container> {
  const run = await prepareBuild(request, inputs, progress)
  const [plan] = run.plan.variants
  const [platform] = plan?.platforms ?? []
  if (!plan || !platform) throw new Error("a container needs one variant and one platform")
  return (await new PlatformImages(run).image(plan, platform)).container
}

/** The images that were checked so far, by variant and platform. */
type CheckedImages = Map<string, CheckedImage>

interface VariantBuild {
  run: BuildContext
  images: PlatformImages
  sizeMeasurement: SizeMeasurement
  checked: CheckedImages
  /** The layers that were made for the variants before. */
  known: FinishedLayers | undefined
}

async function buildVariant(
  { run, images, sizeMeasurement, checked: before, known }: VariantBuild,
  plan: VariantPlan,
): Promise<{ variant: BuiltVariant; layers: FinishedLayers | undefined }> {
  const { engineHost } = run
  const progress = images.progressOf(plan.variant)
  // Built while packages are installed: later steps need it, and it does not need the packages.
  const toolbox = run.progress.run("all platforms", "toolbox", () => engineHost.toolbox.sync())
  const building = plan.platforms.map((platform) => images.image(plan, platform))
  const comparing = compared(run, plan, building, progress)
  // Beside the checks, which need the processors more than the disk.
  const exporting = allSettled(building).then((built) =>
    progress.run("all platforms", "archive", () => exportImages(built.map(platformImage))),
  )
  const checking = building.map(async (built) => {
    const image = await built
    const { platform } = image.context
    const below = plan.extends === undefined ? undefined : before.get(`${plan.extends} ${platform}`)
    const { checks, installed } = await checkImage(run, image, progress, below)
    before.set(`${plan.variant} ${platform}`, { ...image, checks })
    const inconclusive = inconclusiveText(checks)
    if (inconclusive !== undefined) progress.warn(platform, inconclusive)
    return { image, checks, installed }
  })
  await allSettled<unknown>([...checking, comparing, toolbox, exporting])
  const [parity, exported] = await Promise.all([comparing, exporting])
  const shared = "skipped" in parity ? [] : [parityCheck(parity)]
  const checked = (await allSettled(checking)).map(({ checks, ...rest }) => ({
    ...rest,
    checks: [...checks, ...shared],
  }))
  const isFailing = failing(run.request)
  const failed = checked.some(({ checks }) => checks.some(isFailing))
  const tools = checked[0]?.image.context.tools ?? []
  const facts = annotationFactsOf(run, tools)
  const candidate = failed
    ? undefined
    : await progress.run("all platforms", "finish", () =>
        finishVariant(
          run,
          plan,
          checked.map(({ image }) => image),
          { known, exported },
        ),
      )
  const measured =
    candidate &&
    (await progress.run("all platforms", "sizes", () =>
      sizeMeasurement.measure(
        plan,
        candidate,
        checked.map(({ image }) => image),
      ),
    ))
  const oversized = [...(measured?.values() ?? [])].some(({ checks }) => checks.some(isFailing))
  const finished = oversized ? undefined : candidate
  const inputs = await run.inputs.recorded?.()
  const platforms = checked.map((inspected) => {
    const { platform } = inspected.image.context
    return platformReport(run, inspected, finished?.platforms.get(platform), measured?.get(platform))
  })
  const unused = unusedAccept(plan.accept, platforms)
  const warning = unusedAcceptText(unused)
  if (warning !== undefined) progress.warn("all platforms", warning)
  const report: Report = {
    schemaVersion: REPORT_SCHEMA_VERSION,
    variant: plan.variant,
    version: PROJECT_VERSION,
    created: run.created,
    sources: plan.sources,
    runner: { kind: plan.runner, version: facts.runnerVersion },
    ...(plan.root ? { root: true as const } : {}),
    ...(plan.options.includes("sudo") ? { sudo: true as const } : {}),
    releases: run.releases,
    request: recorded(run.request, plan.options),
    ...(inputs ? { inputs } : {}),
    ...(finished ? { index: finished.index } : {}),
    platforms,
    ...(unused.length > 0 ? { unusedAccept: unused } : {}),
    parity,
  }
  const reports = {
    "report.json": reportJson(report),
    "report.md": renderMarkdown(report),
    "report.xml": renderJUnit([report]),
  }
  const directory = finished
    ? layoutOf(finished, engineHost, { ...reports, ...(await bills(report)) })
    : engineHost.uploads.directory(reports)
  return { variant: { variant: plan.variant, report, directory }, layers: candidate?.layers }
}

/** The bills of materials of a variant's images. What writes them is loaded here: the module loads this file in every call. */
async function bills(report: Report): Promise<Record<string, string>> {
  const { sbomFiles } = await import("../core/sbom/documents.js")
  return sbomFiles(report)
}

/**
 * Makes a variant's layout of its images.
 *
 * @param made what other variants of the run, or the engine, made of the layers already
 */
export async function finishVariant(
  run: BuildContext,
  plan: VariantPlan,
  images: readonly PlatformBuild[],
  made: Pick<LayerOptions, "known" | "exported"> = {},
): Promise<FinishedImage> {
  const { request, created, engineHost } = run
  return finish(
    images.map(platformImage),
    {
      created,
      annotations: annotationsOf(plan, annotationFactsOf(run, images[0]?.context.tools ?? [])),
      healthcheck: HEALTHCHECK,
      ...(request.compression === undefined ? {} : { compression: request.compression }),
      layers: Object.fromEntries(images.map(({ context, layers }) => [context.platform, layers])),
      ...made,
    },
    engineHost,
  )
}

function platformImage({ context, container }: PlatformBuild): PlatformImage {
  return { platform: context.platform, container }
}

/** Compares the platforms' images with each other, or says why not. */
async function compared(
  run: BuildContext,
  plan: VariantPlan,
  building: readonly Promise<PlatformBuild>[],
  progress: Progress,
): Promise<NonNullable<Report["parity"]>> {
  const [first, ...others] = plan.platforms
  if (others.length === 0) return { skipped: `only ${first?.platform ?? "nothing"} was built` }
  return compareVariant(run, plan, allSettled(building), progress)
}

function platformReport(
  run: BuildContext,
  { image, checks, installed }: { image: PlatformBuild } & Inspection,
  finished: { digest: string; compressedBytes: number } | undefined,
  measured: MeasuredImage | undefined,
): PlatformReport {
  const { platform, packages, tools } = image.context
  const variants = stepsOf(run, image.context.plan.variant)
  return {
    platform,
    ...(finished ? { digest: finished.digest, compressedBytes: finished.compressedBytes } : {}),
    base: run.engineHost.base,
    packages: [...packages],
    tools: [...(measured?.tools ?? tools)],
    installed,
    ...(measured ? { layers: measured.layers } : {}),
    ...(measured?.shared ? { shared: measured.shared } : {}),
    installation: image.installation,
    checks: [...checks, ...(measured?.checks ?? [])],
    steps: run.progress.steps(platform, variants),
    seconds: run.progress.seconds(platform, variants),
  }
}

/** The variants whose steps count for a variant's image: its own, and those that it extends if they were not requested. */
function stepsOf({ plan, request }: BuildContext, variant: VariantName): VariantName[] {
  return plan.lineage(variant).filter((name) => name === variant || !request.variants.includes(name))
}

/** @throws RunnerImagesError as {@link assertPassed}, about the image of any variant */
export function assertAllPassed(built: readonly BuiltVariant[], request: Pick<BuildRequest, "native">): void {
  for (const { report } of built) assertPassed(report, request)
}
