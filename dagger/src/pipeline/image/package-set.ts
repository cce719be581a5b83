import { archiveCacheBuster } from "../../core/packages/cache-buster.js"
import { planVariant } from "../../core/plan/plan.js"
import { PLATFORMS, type PlatformName } from "../../core/platforms.js"
import type { BuildRequest, PackageSetRequest } from "../../core/request/request.js"
import type { VariantName } from "../../core/variants/names.js"
import type { BuildInputs } from "./build-context.js"
import { packageInstall } from "./image.js"
import { openEngineHost, type EngineHost } from "../engine/engine-host.js"
import { resolvePackages, type PackageInstall } from "../packages/packages.js"
import type { Progress } from "../../core/progress/progress.js"

/** What native steps need of the program that runs the pipeline. */
export type NativeInputs = Pick<BuildInputs, "uploads" | "caBundle">

/** What all installations of one session need. */
export interface PackageSetContext {
  engineHost: EngineHost
  progress: Progress
}

/** The names of the packages to install on a platform. */
export type PackagesFor = (platform: PlatformName) => readonly string[]

export async function preparePackageSet(
  { refresh }: Pick<PackageSetRequest, "refresh">,
  { uploads, caBundle }: NativeInputs,
  progress: Progress,
): Promise<PackageSetContext> {
  const engineHost = await progress.run("all platforms", "base image", () =>
    openEngineHost(uploads, { caBundle, archive: archiveCacheBuster(refresh) }),
  )
  return { engineHost, progress }
}

export function foreignTo(engineHost: EngineHost): PlatformName[] {
  return PLATFORMS.filter((platform) => platform !== engineHost.platform)
}

/** The variant's packages and the additional ones, with registries as sources, because then most tools are packages. */
export function packagesFor(
  { packages, refresh, custom }: Omit<PackageSetRequest, "variants">,
  variant: VariantName,
): PackagesFor {
  const request: BuildRequest = {
    platforms: [...PLATFORMS],
    variants: [variant],
    ...(custom ? { custom } : {}),
    sources: "registry",
    sudo: false,
    refresh,
  }
  const plan = planVariant(variant, request, { mode: "registry", reason: "has most packages" })
  const names = new Map(plan.platforms.map((planned) => [planned.platform, planned.packages]))
  return (platform) => [...new Set([...(names.get(platform) ?? []), ...packages])].sort()
}

/** The named packages and their dependencies, to be installed on the platform's base image. */
export async function resolved(
  { engineHost, progress }: PackageSetContext,
  platform: PlatformName,
  names: PackagesFor,
): Promise<PackageInstall> {
  const root = engineHost.root(platform)
  const packages = await progress.run(platform, "resolve packages", () =>
    resolvePackages(engineHost, engineHost.archive, platform, names(platform), root),
  )
  return packageInstall(engineHost, platform, packages, root)
}
