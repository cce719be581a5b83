import Table from "cli-table3"
import type { PlannedTool, VariantPlan } from "../../dagger/src/core/plan/plan.js"
import { vulnerabilityWarnings } from "../../dagger/src/core/plan/expected-tools.js"
import type { RunnerMode } from "../../dagger/src/core/request/runner.js"
import { sourceGroups, sourceText, unofficialText } from "../../dagger/src/core/plan/sources.js"

const PACKAGE_COLUMNS = 100

/** For people: what would be built, a section per variant. */
export function planText(plans: readonly VariantPlan[], asked?: RunnerMode): string {
  return plans.map((plan) => variantText(plan, asked)).join("\n\n")
}

function variantText(plan: VariantPlan, asked: RunnerMode | undefined): string {
  const table = new Table({
    head: ["tool", ...plan.platforms.map(({ platform }) => platform)],
    style: { head: [], border: [], compact: true },
  })
  const names = [...new Set(plan.platforms.flatMap(({ tools }) => tools.map(({ name }) => name)))]
  for (const name of names)
    table.push([
      name,
      ...plan.platforms.map(({ tools }) => {
        const tool = tools.find((entry) => entry.name === name)
        return tool ? origin(tool) : "not included"
      }),
    ])
  return [
    `${plan.variant}: ${plan.description}`,
    `Base image: ${plan.base}`,
    `Runner: ${plan.runner === "official" ? "official, GitHub's own" : "act, which is github-act-runner"}`,
    ...sourceGroups(plan.sources).map((group) => `Tools ${sourceText(group)}`),
    ...[unofficialText(plan.sources, asked) ?? [], ...vulnerabilityWarnings([plan])]
      .flat()
      .map((text) => `Warning: ${text}`),
    table.toString(),
    ...packageLines(plan),
  ].join("\n")
}

function origin(tool: PlannedTool): string {
  switch (tool.from) {
    case "upstream":
    case "definition":
      return `${tool.version} from ${new URL(tool.url).host}`
    case "npm":
      return `${tool.version} from ${tool.package}`
    case "go-toolchain":
      return `${tool.version} from ${tool.module}`
    case "deb":
      return `package ${tool.package}`
    case "go-program":
      return `docker/${tool.folder}, compiled`
  }
}

/** Platforms with the same packages share one list. */
function packageLines({ platforms }: VariantPlan): string[] {
  const groups = new Map<string, string[]>()
  for (const { platform, packages } of platforms) {
    const key = packages.join(" ")
    groups.set(key, [...(groups.get(key) ?? []), platform])
  }
  return [...groups].flatMap(([packages, members]) => [
    `Packages for ${members.join(" and ")}, installed with their dependencies:`,
    ...fill(packages, PACKAGE_COLUMNS),
  ])
}

/** Breaks at spaces, indented. */
function fill(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = " "
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > columns) {
      lines.push(line)
      line = " "
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
