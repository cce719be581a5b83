import { RunnerImagesError } from "../errors.js"
import type { VariantPlan } from "../plan/plan.js"
import type { PlatformName } from "../platforms.js"
import { execChecks } from "./suite.js"

/** A check that can only run on the platform's own hardware. */
export interface NativeOnlyCheck {
  platform: PlatformName
  name: string
  reason: string
}

/** The checks of a variant that cannot run because the engine has to emulate their platform. */
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
 * Makes sure that every check of every variant can run.
 *
 * @throws RunnerImagesError NATIVE_REQUIRED naming every check that would be skipped under emulation, and why
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
    `--native requires all checks, but this engine, which runs on ${engine}, would have to skip some:\n  ${problems.join("\n  ")}\n`,
    `Use an engine on a machine of that platform, give --platforms ${engine}, or leave out --native.`,
  )
}
