import { catalogTool, UNKNOWN } from "../catalog/catalog.js"
import { vulnerabilitiesOf, vulnerabilityText } from "../catalog/vulnerabilities.js"
import type { PlannedTool, PlatformPlan, VariantPlan } from "./plan.js"
import type { LockedPackage, Tool } from "../report/report.js"

/** For a tool in an image that was built elsewhere: all that can be checked is that it prints a version. */
export const UNKNOWN_VERSION = "unknown"

/** A program of this project around a Go module, as its folder pins it. */
export interface GoProgram {
  version: string
  /** `PATH@VERSION` */
  module: string
}

/**
 * Reads the pins of a program of ours.
 *
 * @param version the text of its VERSION
 * @param goMod the text of its go.mod
 * @param module the path of the module that it is named after
 * @throws Error when go.mod does not require that
 */
export function goProgram(version: string, goMod: string, module: string): GoProgram {
  const words = goMod.split("\n").map((line) => line.replace(/^\s*(require )?/, "").split(" "))
  const required = words.find(([path]) => path === module)?.[1]
  if (required === undefined) throw new Error(`go.mod does not require ${module}`)
  return { version: version.trim(), module: `${module}@${required}` }
}

/** The tools of a platform's plan with the versions that the catalog or the archive gives them, before anything is installed. */
export function expectedTools(plan: PlatformPlan, packages: readonly LockedPackage[], program: GoProgram): Tool[] {
  return plan.tools.map((planned) => {
    const tool = toolOf(planned, packages, program)
    const ids = planned.from === "deb" ? [] : vulnerabilitiesOf(tool.name, tool.version).map(({ id }) => id)
    return ids.length === 0 ? tool : { ...tool, vulnerabilities: ids }
  })
}

/** Warnings about planned tools whose pinned versions have known vulnerabilities, each once. */
export function vulnerabilityWarnings(plans: readonly VariantPlan[]): string[] {
  const tools = plans.flatMap(({ platforms }) => platforms.flatMap((platform) => platform.tools))
  const texts = tools.flatMap((tool) => {
    if (tool.from !== "upstream" && tool.from !== "npm" && tool.from !== "go-toolchain") return []
    const { name, version } = tool
    return vulnerabilityText({ tool: name, title: catalogTool(name).title, version }) ?? []
  })
  return [...new Set(texts)]
}

/** A registry's checksum, if the catalog knows it. */
function verified(integrity: string): Pick<Tool, "integrity"> {
  return integrity === UNKNOWN ? {} : { integrity }
}

function toolOf(tool: PlannedTool, packages: readonly LockedPackage[], program: GoProgram): Tool {
  switch (tool.from) {
    case "upstream":
    case "definition":
      return { name: tool.name, version: tool.version, source: tool.url, sha256: tool.sha256 }
    case "npm":
      return {
        name: tool.name,
        version: tool.version,
        source: `npm:${tool.package}@${tool.version}`,
        ...verified(tool.integrity),
      }
    case "go-toolchain":
      return { name: tool.name, version: tool.version, source: `go:${tool.module}`, ...verified(tool.sum) }
    case "go-program":
      return { name: tool.name, version: program.version, source: `go:${program.module}` }
    case "deb": {
      const locked = packages.find((candidate) => candidate.name === tool.package)
      return {
        name: tool.name,
        version: locked?.version ?? UNKNOWN_VERSION,
        source: `deb:${tool.package}`,
        ...(locked ? { sha256: locked.sha256 } : {}),
      }
    }
  }
}
