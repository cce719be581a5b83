import type { VariantFile } from "../variants/definitions.js"
import { upstreamVersion } from "../packages/resolved-packages.js"
import { PLATFORMS, spelling, type PlatformName } from "../platforms.js"
import type { VariantPlan } from "./plan.js"
import type { Tool } from "../report/report.js"
import { PROJECT_VERSION } from "../version.js"
import { FACTS_FILE } from "../variants/runtime-files.js"

/** What an image tells the runtime program about itself. */
export interface RuntimeFacts {
  variant: string
  version: string
  platform: PlatformName
  base: string
  runner: { kind: VariantPlan["runner"]; version: string }
  /** The label by which GitHub knows the platform's machines. */
  architectureLabel: string
  /** Version by name. */
  tools: Record<string, string>
}

/**
 * The facts of one image.
 *
 * @param tools as in the report; a package's version loses what its distribution added to it, which may differ by platform
 */
export function runtimeFacts(plan: VariantPlan, platform: PlatformName, tools: readonly Tool[]): RuntimeFacts {
  const version = ({ source, version: given }: Tool) => (source.startsWith("deb:") ? upstreamVersion(given) : given)
  return {
    variant: plan.variant,
    version: PROJECT_VERSION,
    platform,
    base: plan.base,
    runner: { kind: plan.runner, version: tools.find(({ name }) => name === "runner")?.version ?? "unknown" },
    architectureLabel: spelling(platform).vendor,
    tools: Object.fromEntries(tools.filter(({ name }) => name !== "runner").map((tool) => [tool.name, version(tool)])),
  }
}

/** The file with an image's facts. A variant replaces its parent's. */
export function factsFile(facts: RuntimeFacts): VariantFile {
  return { path: FACTS_FILE, mode: "0644", text: `${JSON.stringify(facts, null, 2)}\n` }
}

/** The text of {@link LABELS_FILE}. */
export function labelsText(): string {
  return `${JSON.stringify(PLATFORMS.map((platform) => spelling(platform).vendor))}\n`
}
