import { catalogTool, LICENSES, TOOLS, type ToolName } from "../catalog/catalog.js"
import { readSourcesLabel, SOURCES_LABEL } from "../plan/sources-label.js"
import type { SourceKind } from "../report/report.js"
import type { CheckContext } from "./check.js"
import type { RootfsScan } from "./rootfs-scan.js"

/** A path that an image has only if a tool comes from one kind of source. */
interface Mark {
  path: string
  of: SourceKind
}

/**
 * What tells where a tool came from: where its upstream file is placed, if its other source is a package of the distribution, which never
 * places anything there; or the licences of a program that the pipeline compiled.
 */
function markOf(name: ToolName): Mark | undefined {
  const { upstream, registry } = catalogTool(name)
  if (!upstream) return undefined
  if (registry.kind === "go-program") return { path: `${registry.into}/${LICENSES}`, of: "registry" }
  if (registry.kind !== "deb") return undefined
  const { unpack } = upstream
  if (unpack.kind === "program") return { path: unpack.path, of: "upstream" }
  return { path: unpack.only?.length === 1 ? `${unpack.into}/${unpack.only.join("")}` : unpack.into, of: "upstream" }
}

/** The paths that tell which source a tool came from. */
export function sourcePlaces(): string[] {
  return TOOLS.flatMap((name) => markOf(name)?.path ?? [])
}

/**
 * What is wrong with the label that says where the tools come from: it does not say what was planned, or the image has other packages or
 * files. The latter can only be told of tools whose sources leave different files; for Node.js, npm and Go, the label is compared with the
 * plan alone.
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
      const mark = markOf(name)
      if (mark === undefined) return []
      const there = (paths[mark.path] ?? null) !== null
      if (there !== (from === mark.of))
        return [`${name} is labelled ${from}, but ${mark.path} ${there ? "exists" : "does not exist"}`]
      const tool = planned.get(name)
      if (from === "upstream") return []
      return tool?.from === "deb" && !installed.has(tool.package)
        ? [`${name} is labelled registry, but package ${tool.package} is not installed`]
        : []
    }),
  ]
}
