import type { PlatformName } from "../platforms.js"
import { runnerText } from "../report/runner-text.js"
import { RUNNER_USER } from "../variants/runner-user.js"
import type { VariantPlan } from "./plan.js"

/** Name of the file in the runner's folder whose contents GitHub's runner shows in the first step of every job. */
const NAME = ".setup_info"

export const SETUP_INFO = { folder: RUNNER_USER.home, name: NAME, path: `${RUNNER_USER.home}/${NAME}` } as const

/** What a build knows about an image besides its plan. */
export interface SetupFacts {
  /** This project's version. */
  version: string
  /** ISO 8601. Undefined if the image has no report, and so no time of its own. */
  created?: string
  runnerVersion: string
}

/**
 * The text of {@link SETUP_INFO}: groups of lines, as the class `SetupInfo` of actions/runner reads them. It has the image's creation time,
 * and so must not be below anything that is expensive to repeat.
 */
export function setupInfoText(
  { title, variant, base, runner }: Pick<VariantPlan, "title" | "variant" | "base" | "runner">,
  platform: PlatformName,
  { version, created, runnerVersion }: SetupFacts,
): string {
  const lines = {
    Image: title,
    Variant: variant,
    Platform: platform,
    Base: base,
    Version: version,
    Runner: runnerText({ kind: runner, version: runnerVersion }),
    ...(created === undefined
      ? {}
      : {
          Created: created,
          Report: `report.md and report.json, beside the image's layout (dist/${variant} unless the build had another --output)`,
        }),
  }
  const detail = Object.entries(lines).map(([name, value]) => `${name}: ${value}`)
  return `${JSON.stringify([{ group: "Runner Image", detail: detail.join("\n") }], null, 2)}\n`
}
