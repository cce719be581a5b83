import type { File } from "@dagger.io/dagger"
import { archiveMoment } from "../../core/packages/cache-buster.js"
import { planVariant } from "../../core/plan/plan.js"
import { PLATFORMS, type PlatformName } from "../../core/platforms.js"
import type { PackageSetRequest } from "../../core/request/request.js"
import type { VariantName } from "../../core/variants/names.js"
import { packageInstall } from "./image.js"
import { native as nativeSide, type Native } from "../engine/native.js"
import { readArchive, resolvePackages, type Archive, type PackageInstall } from "../packages/packages.js"
import type { Progress } from "../../core/progress/progress.js"

/** What installations of one session share. */
export interface Shared {
  native: Native
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
  const day = archiveMoment(refresh)
  const native = await progress.run("all platforms", "base image", () => nativeSide(caBundle, { archive: day }))
  const archive = await progress.run("all platforms", "package archive", () => readArchive(native, day))
  return { native, archive, progress }
}

export function foreignTo(native: Native): PlatformName[] {
  return PLATFORMS.filter((platform) => platform !== native.platform)
}

/** The variant's packages and the further ones, from registries, where most tools are the distribution's. */
export function packagesFor({ packages, refresh, own }: PackageSetRequest, variant: VariantName): PackagesFor {
  return (platform) => {
    const request = {
      platforms: [platform],
      variants: [variant],
      ...(own ? { own } : {}),
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
  const { native, archive, progress } = shared
  const root = native.root(platform)
  const packages = await progress.run(platform, "resolve packages", () =>
    resolvePackages(native, archive, platform, names(platform), root),
  )
  return packageInstall(native, platform, packages, root)
}
