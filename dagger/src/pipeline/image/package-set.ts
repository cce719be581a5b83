import type { File } from "@dagger.io/dagger"
import { archiveCacheBuster } from "../../core/packages/cache-buster.js"
import { planVariant } from "../../core/plan/plan.js"
import { PLATFORMS, type PlatformName } from "../../core/platforms.js"
import type { PackageSetRequest } from "../../core/request/request.js"
import type { VariantName } from "../../core/variants/names.js"
import { packageInstall } from "./image.js"
import { openEngineHost as nativeSide, type EngineHost } from "../engine/engine-host.js"
import { readArchive, resolvePackages, type Archive, type PackageInstall } from "../packages/packages.js"
import type { Progress } from "../../core/progress/progress.js"

/** What installations of one session share. */
export interface Shared {
  native: EngineHost
  archive: Archive
  progress: Progress
}

/** The names of the packages to install on a platform. */
export type PackagesFor = (platform: PlatformName) => readonly string[]

export async function prepare(
  { refresh }: PackageSetRequest,
  caBundle: File | undefined,
  progress: Progress,
): Promise<Shared> {
  const day = archiveCacheBuster(refresh)
  const engineHost = await progress.run("all platforms", "base image", () => nativeSide(caBundle, { archive: day }))
  const archive = await progress.run("all platforms", "package archive", () => readArchive(engineHost, day))
  return { native: engineHost, archive, progress }
}

export function foreignTo(engineHost: EngineHost): PlatformName[] {
  return PLATFORMS.filter((platform) => platform !== engineHost.platform)
}

/** The variant's packages and the further ones, from registries, where most tools are the distribution's. */
export function packagesFor(
  { packages, refresh, custom: custom }: PackageSetRequest,
  variant: VariantName,
): PackagesFor {
  return (platform) => {
    const request = {
      platforms: [platform],
      variants: [variant],
      ...(custom ? { custom } : {}),
      sources: "registry" as const,
      sudo: false,
      refresh,
    }
    const [planned] = planVariant(variant, request, { mode: "registry", reason: "has most packages" }).platforms
    return [...new Set([...(planned?.packages ?? []), ...packages])].sort()
  }
}

/** The packages by those names and all that they need, to be installed on the platform's base image. */
export async function resolved(shared: Shared, platform: PlatformName, names: PackagesFor): Promise<PackageInstall> {
  const { native: engineHost, archive, progress } = shared
  const root = engineHost.root(platform)
  const packages = await progress.run(platform, "resolve packages", () =>
    resolvePackages(engineHost, archive, platform, names(platform), root),
  )
  return packageInstall(engineHost, platform, packages, root)
}
