import type { Container, Directory } from "@dagger.io/dagger"
import type { CheckContext } from "../../core/checks/check.js"
import { expectedTools } from "../../core/plan/expected-tools.js"
import { labelsOf, type BuildFacts } from "../../core/plan/labels.js"
import { assertMatchesLock } from "../../core/packages/lock.js"
import type { PlatformPlan, VariantPlan } from "../../core/plan/plan.js"
import type { PlatformName } from "../../core/platforms.js"
import type { LockedPackage, PlatformReport, Tool, InstallMethod } from "../../core/report/report.js"
import { cachedTools, type CachedTool } from "../../core/plan/tool-cache.js"
import { factsFile, runtimeFacts } from "../../core/plan/runtime-facts.js"
import type { VariantName } from "../../core/variants/names.js"
import {
  configured,
  labelled,
  packageInstall,
  withAccounts,
  withFiles,
  withSetupInfo,
  withToolCache,
  withTools,
  type Root,
} from "./image.js"
import {
  download,
  installPackages,
  resolvePackages,
  nativeToolsOf,
  type ResolvedPackages,
} from "../packages/packages.js"
import { shippedModesFile } from "../packages/shipped-modes.js"
import type { VariantFile } from "../../core/variants/definitions.js"
import type { Progress } from "../../core/progress/progress.js"
import type { BuildContext } from "./build-context.js"
import { withLocale } from "./locale.js"
import { withRuntime } from "./runtime.js"

/** One platform's image, built but not yet checked. */
export interface PlatformBuild {
  container: Container
  /** The same without labels and setup information, in which the checks run: it does not tell when it was made. */
  unlabelled: Container
  /** What each layer is, from the base up. */
  layers: string[]
  /** What each variant put above its packages, from the lowest up. */
  addedFiles: Directory[]
  installation: PlatformReport["installation"]
  context: CheckContext & { tools: readonly Tool[]; packages: readonly LockedPackage[] }
}

/** A variant's files on one platform, including those of the variant that it extends. */
interface Stage extends Root {
  /** Sorted by name. */
  packages: LockedPackage[]
  /** The tools to which the tool cache has links. */
  toolCache: CachedTool[]
  /** What each variant put above its packages, from the lowest up. */
  addedFiles: Directory[]
  installation: { method: InstallMethod; reason?: string }
}

/**
 * The images of one run. A variant that extends another is put on top of it, and each is built once, however often it is requested.
 */
export class PlatformImages {
  private readonly stages = new Map<string, Promise<Stage>>()
  private readonly resolutions = new Map<string, Promise<ResolvedPackages>>()
  private readonly installations = new Map<string, Promise<Stage>>()

  constructor(private readonly run: BuildContext) {}

  async image(plan: VariantPlan, platform: PlatformPlan): Promise<PlatformBuild> {
    const stage = await this.stage(plan.variant, platform.platform)
    const tools = expectedTools(platform, stage.packages, this.run.actRunner)
    const context = {
      platform: platform.platform,
      emulated: platform.platform !== this.run.engineHost.platform,
      plan,
      tools,
      packages: stage.packages,
    }
    const facts = annotationFactsOf(this.run, tools)
    const unlabelled = configured(stage.container, plan, platform.platform)
    const described = withSetupInfo({ container: unlabelled, layers: stage.layers }, plan, platform.platform, facts)
    const container = labelled(described.container, labelsOf(plan, facts))
    const { addedFiles, installation } = stage
    return { container, unlabelled, layers: described.layers, addedFiles, installation, context }
  }

  /** The progress of one variant's steps, so that its report has no other variant's. */
  progressOf(variant: VariantName): Progress {
    const { plan, progress } = this.run
    const alone = plan.variants.length === 1 && plan.variants.every(({ extends: parent }) => parent === undefined)
    return progress.of(variant, !alone)
  }

  private stage(variant: VariantName, platform: PlatformName): Promise<Stage> {
    return once(this.stages, variant, platform, async () => {
      const { engineHost, sources } = this.run
      const { plan, whole, added, parent } = this.run.plan.part(variant, platform)
      const modes = plan.custom ? this.shippedModes(variant, platform) : undefined
      const [installed, shipped = []] = await Promise.all([this.installed(variant, platform), modes])
      return this.progressOf(variant).run(platform, "tools", async () => {
        const accounts = async () =>
          withLocale(engineHost, await withAccounts(engineHost, installed, added.packages.includes("sudo")))
        const root = parent === undefined ? await accounts() : installed
        const tooled = await withTools(engineHost, root, added.tools, sources)
        const equipped = parent === undefined ? withRuntime(engineHost, tooled, sources.docker) : tooled
        const tools = expectedTools(whole, installed.packages, this.run.actRunner)
        const facts = runtimeFacts(plan, platform, tools)
        const files = { files: [...added.files, factsFile(facts), ...shipped], links: added.links }
        const toolCache = cachedTools(tools, installed.packages)
        const own = toolCache.filter(({ name }) => !installed.toolCache.some((below) => below.name === name))
        const made = withFiles(engineHost, withToolCache(engineHost, equipped, own, platform), files, sources)
        const container = await made.container.sync()
        const changes = installed.container.rootfs().diff(container.rootfs())
        return { ...installed, ...made, container, toolCache, addedFiles: [...installed.addedFiles, changes] }
      })
    })
  }

  /** A variant on a platform, up to its packages, whose programs another platform may use. */
  private installed(variant: VariantName, platform: PlatformName): Promise<Stage> {
    return once(this.installations, variant, platform, async () => {
      const { engineHost, plan, request } = this.run
      const { lock } = request
      const progress = this.progressOf(variant)
      const { parent } = plan.part(variant, platform)
      const [below, resolved, native] = await Promise.all([
        this.below(variant, platform),
        this.resolved(variant, platform),
        this.resolved(variant, engineHost.platform),
      ])
      const packages = [...below.packages, ...resolved.packages.map(lockedOf)].sort((a, b) =>
        a.name < b.name ? -1 : 1,
      )
      const locked = lock?.platforms[platform]
      if (locked) assertMatchesLock(platform, packages, locked, (lock.variant ?? variant) === variant)
      if (resolved.packages.length === 0) return { ...below, packages }
      const nativeTools =
        platform === engineHost.platform
          ? undefined
          : nativeToolsOf(
              packageInstall(
                engineHost,
                engineHost.platform,
                native,
                (await this.below(variant, engineHost.platform)).container,
              ),
            )
      const install = packageInstall(engineHost, platform, resolved, below.container)
      const installed = await progress.run(platform, "packages", () =>
        installPackages(engineHost, install, nativeTools),
      )
      const { installMethod, reason } = installed
      if (reason !== undefined)
        progress.warn(platform, `packages were installed under emulation, which takes much longer: ${reason}`)
      const { layers } = installed
      const names = parent === undefined ? layers : layers.map((name) => `${variant}: ${name}`)
      return {
        container: installed.container,
        layers: [...below.layers, ...names],
        packages,
        toolCache: below.toolCache,
        addedFiles: below.addedFiles,
        // If one installation was emulated, that is the most important fact.
        installation:
          below.installation.method === "emulated"
            ? below.installation
            : { method: installMethod, ...(reason === undefined ? {} : { reason }) },
      }
    })
  }

  /** What the checks need to know of a variant's own packages. */
  private async shippedModes(variant: VariantName, platform: PlatformName): Promise<VariantFile[]> {
    const { engineHost } = this.run
    const resolved = await this.resolved(variant, platform)
    if (resolved.packages.length === 0) return []
    return [
      await this.progressOf(variant).run(platform, "package modes", () =>
        shippedModesFile(engineHost, download(engineHost, resolved), platform),
      ),
    ]
  }

  private resolved(variant: VariantName, platform: PlatformName): Promise<ResolvedPackages> {
    return once(this.resolutions, variant, platform, async () => {
      const { engineHost, archive, plan, request } = this.run
      const { packages } = plan.part(variant, platform).added
      const { container } = await this.below(variant, platform)
      if (packages.length === 0) return { packages: [], automatic: [] }
      return this.progressOf(variant).run(platform, "resolve packages", () =>
        resolvePackages(engineHost, archive, platform, packages, container, request.lock?.platforms[platform]),
      )
    })
  }

  /** The root on which a variant's own packages are installed. */
  private async below(variant: VariantName, platform: PlatformName): Promise<Stage> {
    const { engineHost, plan, request } = this.run
    const { parent } = plan.part(variant, platform)
    if (parent === undefined)
      return {
        container: engineHost.root(platform),
        layers: ["base image"],
        packages: [],
        toolCache: [],
        addedFiles: [],
        installation: { method: platform === engineHost.platform ? "native" : "accelerated" },
      }
    // If no image is requested for a platform, only its packages' programs are needed.
    return request.platforms.includes(platform) ? this.stage(parent, platform) : this.installed(parent, platform)
  }
}

/** Runs the work for every variant and platform at most once. */
function once<T>(
  done: Map<string, Promise<T>>,
  variant: VariantName,
  platform: PlatformName,
  work: () => Promise<T>,
): Promise<T> {
  const key = `${variant} ${platform}`
  const result = done.get(key) ?? work()
  done.set(key, result)
  return result
}

function lockedOf({ name, version, sha256 }: LockedPackage): LockedPackage {
  return { name, version, sha256 }
}

export function annotationFactsOf(run: BuildContext, tools: readonly Tool[]): BuildFacts {
  const runnerVersion = tools.find((tool) => tool.name === "runner")?.version ?? "unknown"
  const { source } = run.request
  return { created: run.created, base: run.engineHost.base, runnerVersion, ...(source ? { source } : {}) }
}
