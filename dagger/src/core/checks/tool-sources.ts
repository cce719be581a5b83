import { catalogTool, TOOLS, type ToolName } from "../catalog/catalog.js"
import { readSourcesLabel, SOURCES_LABEL } from "../plan/sources-label.js"
import type { SourceKind } from "../report/report.js"
import type { CheckContext } from "./check.js"
import type { RootfsScan } from "./rootfs-scan.js"

/** Where a tool's upstream file is placed, if its other source is a package of the distribution, which never places anything there. */
function upstreamPlace(name: ToolName): string | undefined {
  const { upstream, registry } = catalogTool(name)
  if (!upstream || registry.kind !== "deb") return undefined
  const { unpack } = upstream
  if (unpack.kind === "program") return unpack.path
  return unpack.only?.length === 1 ? `${unpack.into}/${unpack.only.join("")}` : unpack.into
}

/** The paths that tell which source a tool came from. */
export function sourcePlaces(): string[] {
  return TOOLS.flatMap((name) => upstreamPlace(name) ?? [])
}

/**
 * What is wrong with the label that says where the tools come from: it does not say what was planned, or the image has other packages or
 * files. The latter can only be told of tools whose sources put them in different places; for the runner, Node.js, npm and Go, whose sources
 * use the same paths, the label is compared with the plan alone.
 *
 * @param labels the image's
 */
export function sourceProblems(
  { plan, packages }: CheckContext,
  labels: Readonly<Record<string, string>>,
  { paths }: Pick<RootfsScan, "paths">,
): string[] {
  const text = labels[SOURCES_LABEL] ?? ""
  const label = readSourcesLabel(text)
  if (label === undefined) return [`${SOURCES_LABEL} is ${text === "" ? "missing" : "not as this program writes it"}`]
  const installed = new Set(packages.map(({ name }) => name))
  const planned = new Map(plan.platforms.flatMap(({ tools }) => tools.map((tool) => [tool.name, tool] as const)))
  const labelled = (name: string): SourceKind | undefined => (typeof label === "string" ? label : label[name])
  const strangers = typeof label === "string" ? [] : Object.keys(label).filter((name) => !(name in plan.sources.tools))
  return [
    ...strangers.map((name) => `${name} is labelled, but not in this image`),
    ...TOOLS.flatMap((name) => {
      const source = plan.sources.tools[name]
      if (!source) return []
      const from = labelled(name)
      if (from === undefined) return [`${name} has no source in the label`]
      if (typeof label !== "string" && from !== source.from)
        return [`${name} is labelled ${from}, but was planned from ${source.from}`]
      const place = upstreamPlace(name)
      if (place === undefined) return []
      const there = (paths[place] ?? null) !== null
      if (from === "upstream") return there ? [] : [`${name} is labelled upstream, but ${place} does not exist`]
      const tool = planned.get(name)
      if (there) return [`${name} is labelled registry, but ${place} exists`]
      return tool?.from === "deb" && !installed.has(tool.package)
        ? [`${name} is labelled registry, but package ${tool.package} is not installed`]
        : []
    }),
  ]
}
