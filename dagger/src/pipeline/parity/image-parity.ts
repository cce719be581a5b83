import { dag, type Container, type Directory } from "@dagger.io/dagger"
import { readFileSync } from "node:fs"
import type { ImageContents } from "../../core/parity/image-facts.js"
import { compareImages, vendorTools, wantedEvidence, type VariantParity } from "../../core/parity/image-parity.js"
import type { FileManifest } from "../../core/parity/file-manifest.js"
import { installedPackages } from "../../core/packages/dpkg-status.js"
import type { ParityEvidence, VendorTool } from "../../core/parity/reasons.js"
import type { PlannedTool, VariantPlan } from "../../core/plan/plan.js"
import { parsePlatformDifferences, type AllowedImageDifference } from "../../core/parity/platform-differences.js"
import type { PlatformName } from "../../core/platforms.js"
import type { ImageParity, Tool } from "../../core/report/report.js"
import type { BuildRequest } from "../../core/request/request.js"
import { allSettled } from "../../core/progress/all-settled.js"
import { factsOf } from "../engine/read-container.js"
import { archNeutralManifestOf } from "./file-manifest.js"
import type { EngineHost } from "../engine/engine-host.js"
import { archiveNames } from "../packages/packages.js"
import { PlatformImages } from "../image/platform-image.js"
import { asPlatform } from "../engine/platform.js"
import type { Progress } from "../../core/progress/progress.js"
import { prepareBuild, type BuildInputs, type BuildContext } from "../image/build-context.js"
import { placeOf, withTool, type ToolSources } from "../image/tools.js"

/** Necessary differences between platforms whose reasons cannot be derived. */
const ALLOW_LIST = new URL("../../core/parity/platform-differences.json", import.meta.url)

/** One platform's image, for comparison with the others'. */
export interface ComparedImage {
  container: Container
  /** What each part of it added above its packages, from the lowest up. */
  addedFiles: readonly Directory[]
  context: { platform: PlatformName; tools: readonly Pick<Tool, "name" | "version">[] }
  /** Names of the requested packages. */
  requested: readonly string[]
}

/** Collects evidence that takes time, if images differ. */
export interface EvidenceSources {
  archive: () => Promise<NonNullable<ParityEvidence["archive"]>>
  /** The tools that may have added one of the paths. */
  tools: (paths: readonly string[]) => Promise<VendorTool[]>
}

/** Builds every variant for all platforms, and compares the platforms' images. Differences are in the result, not thrown. */
export async function imageParity(
  request: BuildRequest,
  inputs: BuildInputs,
  progress: Progress,
): Promise<VariantParity[]> {
  const run = await prepareBuild(request, inputs, progress)
  const images = new PlatformImages(run)
  const compared: VariantParity[] = []
  for (const plan of run.plan.variants) {
    const built = allSettled(plan.platforms.map((platform) => images.image(plan, platform)))
    const parity = await compareVariant(run, plan, built, images.progressOf(plan.variant))
    compared.push({ variant: plan.variant, parity })
  }
  return compared
}

/** Compares a variant's images, as soon as they are built. */
export async function compareVariant(
  run: BuildContext,
  plan: VariantPlan,
  images: Promise<Omit<ComparedImage, "requested">[]>,
  progress: Progress,
): Promise<ImageParity> {
  const built = (await images).map((image): ComparedImage => {
    const planned = plan.platforms.find(({ platform }) => platform === image.context.platform)
    return { ...image, requested: planned?.packages ?? [] }
  })
  const { engineHost, archive, sources } = run
  const evidence: EvidenceSources = {
    archive: () => archiveNames(engineHost, archive),
    tools: (paths) => {
      const mayHave = (tool: PlannedTool) => paths.some((path) => isWithin(path, placeOf(tool)))
      return Promise.all(
        vendorTools(plan)
          .filter(mayHave)
          .map((tool) => vendorTool(engineHost, plan, tool, sources)),
      )
    },
  }
  return progress.run("all platforms", "parity", () =>
    compareContainers(engineHost, built, evidence, {
      allowed: allowedDifferences(),
      environment: new Map(plan.platforms.map(({ platform, environment }) => [platform, environment])),
    }),
  )
}

/** Compares built containers. Reads natively and executes nothing from them. */
export async function compareContainers(
  engineHost: EngineHost,
  images: readonly ComparedImage[],
  sources: EvidenceSources,
  known: ParityEvidence = { allowed: allowedDifferences() },
): Promise<ImageParity> {
  const facts = await Promise.all(images.map((image) => imageContentsOf(engineHost, image)))
  const compared = compareImages(facts, known)
  const wanted = wantedEvidence(compared)
  if (!wanted.archive && wanted.paths.length === 0) return compared
  const [archive, tools] = await Promise.all([
    wanted.archive ? sources.archive() : undefined,
    wanted.paths.length > 0 ? sources.tools(wanted.paths) : undefined,
  ])
  return compareImages(facts, { ...known, ...(archive ? { archive } : {}), ...(tools ? { tools } : {}) })
}

function allowedDifferences(): AllowedImageDifference[] {
  return parsePlatformDifferences(readFileSync(ALLOW_LIST, "utf8"))
}

async function imageContentsOf(
  engineHost: EngineHost,
  { container, addedFiles, context, requested }: ComparedImage,
): Promise<ImageContents> {
  const { platform, tools } = context
  const [{ configuration, status, passwd, group }, ...files] = await Promise.all([
    factsOf(container),
    ...addedFiles.map((part) => archNeutralManifestOf(engineHost, part, platform)),
  ])
  return {
    platform,
    configuration,
    packages: installedPackages(status),
    requested,
    tools,
    accounts: { passwd, group },
    // If several parts have a path, the uppermost counts.
    files: new Map(files.flatMap((part) => [...part])),
  }
}

function isWithin(path: string, place: string | undefined): boolean {
  return place !== undefined && (path === place || path.startsWith(`${place}/`))
}

/** The contents of a tool's file for each platform, after unpacking. */
async function vendorTool(
  engineHost: EngineHost,
  plan: VariantPlan,
  { name }: PlannedTool,
  sources: ToolSources,
): Promise<VendorTool> {
  const files = new Map<PlatformName, FileManifest>()
  let version = ""
  for (const { platform, tools } of plan.platforms) {
    const tool = tools.find((candidate) => candidate.name === name)
    if (!tool) continue
    if ("version" in tool) version = tool.version
    const alone = await withTool(engineHost, dag.container({ platform: asPlatform(platform) }), tool, sources)
    files.set(platform, await archNeutralManifestOf(engineHost, alone.rootfs(), platform))
  }
  return { name, version, files }
}
