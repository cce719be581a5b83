import { RunnerImagesError } from "../errors.js"
import type { VariantPlan } from "../plan/plan.js"
import type { PlatformName } from "../platforms.js"
import { execChecks } from "./suite.js"

/** A check that only the platform's own machine can do. */
export interface NativeOnlyCheck {
  platform: PlatformName
  name: string
  reason: string
}

/** What cannot be checked of a variant's platforms, because the engine has to emulate them. */
export function nativeOnlyChecks(plan: VariantPlan, engine: PlatformName): NativeOnlyCheck[] {
  return plan.platforms
    .map(({ platform }) => platform)
    .filter((platform) => platform !== engine)
    .flatMap((platform) => {
      const checks = (emulated: boolean) => execChecks({ platform, emulated, plan, tools: [], packages: [] })
      const possible = checks(false).filter(({ skip }) => skip === undefined)
      return checks(true).flatMap(({ name, skip }) =>
        skip !== undefined && possible.some((check) => check.name === name) ? [{ platform, name, reason: skip }] : [],
      )
    })
}

/**
 * Sees to it that every check of every variant can be done.
 *
 * @throws RunnerImagesError NATIVE_REQUIRED naming what the engine could only emulate, and why that is not enough
 */
export function assertNative(plans: readonly VariantPlan[], engine: PlatformName): void {
  const problems = plans.flatMap((plan) =>
    nativeOnlyChecks(plan, engine).map(
      ({ platform, name, reason }) => `${plan.variant} ${platform} ${name}: ${reason}`,
    ),
  )
  if (problems.length === 0) return
  throw new RunnerImagesError(
    "NATIVE_REQUIRED",
    `--native asks for all checks, and this engine, which runs on ${engine}, would have to skip some:\n  ${problems.join("\n  ")}\n`,
    `Use an engine on such a machine, ask for ${engine} alone with --platforms, or leave out --native.`,
  )
}
