import { plannedTool, type PlannedTool } from "../plan/plan.js"
import { PLATFORMS, spelling, type PlatformName } from "../platforms.js"
import type { CheckContext, ScheduledCheck } from "./check.js"

/** Where the build cache is while checks run. It is not part of an image. */
export const GO_BUILD_CACHE = "/run/go-build"

/**
 * What fills a Go build cache natively for checks that are emulated. Keys of the cache name the toolchain's version and not its platform, so
 * the image's own toolchain of the same version finds there what it would otherwise compile of the standard library, which takes many minutes. What the
 * checks are about, the module's packages and programs, it compiles and links itself. If a version is not the same, it finds nothing.
 */
export interface GoBuildCachePlan {
  /** Go for the engine's own platform, from the same source as the image's. */
  toolchain: PlannedTool
  /** Packages of the engine's own platform that bring a C compiler for the checked one. */
  packages: readonly string[]
  /** Of fill-go-cache.sh: the checked architecture, its C compiler, and the architectures for which the checks also compile. */
  arguments: readonly string[]
}

/** @returns undefined if none of the checks compiles Go under emulation */
export function goBuildCache(
  { platform, emulated, plan }: CheckContext,
  checks: readonly ScheduledCheck[],
  native: PlatformName,
): GoBuildCachePlan | undefined {
  if (!emulated || !checks.some(({ compilesGo, skip }) => compilesGo && skip === undefined)) return undefined
  const from = plan.sources.tools.go?.from
  const [toolchain] = from === undefined ? [] : plannedTool("go", native, from, plan.base)
  if (!toolchain) return undefined
  const { arch, debian, triplet } = spelling(platform)
  const others = PLATFORMS.filter((other) => other !== platform).map((other) => spelling(other).arch)
  return {
    toolchain,
    packages: [`gcc-${triplet.replaceAll("_", "-")}`, `libc6-dev-${debian}-cross`],
    arguments: [arch, `${triplet}-gcc`, ...others],
  }
}
