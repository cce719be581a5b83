import {
  catalogTool,
  decidedTogether,
  UNKNOWN,
  upstreamFiles,
  type ToolFile,
  type ToolName,
} from "../catalog/catalog.js"
import { RunnerImagesError } from "../errors.js"
import type { ImageSources, SourceKind, ToolSource } from "../report/report.js"
import type { BuildRequest } from "../request/request.js"
import type { RunnerMode } from "../request/runner.js"
import { mirrored } from "../text/mirror.js"

/**
 * Where a build's tools come from: all from one kind of source, or, after `auto` was decided, each from its own. The runner may have been
 * asked for by itself.
 */
export type DecidedSources = (
  { mode: SourceKind; reason: string } | { mode: "auto"; tools: Readonly<Partial<Record<string, ToolSource>>> }
) & { runner?: ToolSource }

/** The tool that `--runner` decides about. */
const RUNNER: ToolName = "runner"

type Asked = Pick<BuildRequest, "sources" | "runner" | "decided" | "platforms">

/**
 * Asks the servers of some URLs whether they have the files.
 *
 * @returns for each URL, in order, why its file cannot be had, in a clause; undefined if it can
 */
export type Probe = (urls: readonly string[]) => Promise<(string | undefined)[]>

/** The name of an upstream file in an assets folder. */
export function assetName(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1)
}

/**
 * Decides once per build where each tool comes from. With `auto`, that is upstream if the catalog has checksums for the tool's files on all
 * requested platforms, and their servers have them; else the registry. Tools that only work together come from the same kind of source.
 * A runner that was asked for comes from its only source, whatever the others do.
 *
 * @param assets names of the files that were fetched beforehand; their servers are not asked
 * @throws RunnerImagesError UPSTREAM_UNREACHABLE when a file cannot be had in upstream mode, or of GitHub's runner when that was asked for;
 *   ORIGINAL_INVALID when an earlier build's decision lacks a tool
 */
export async function decideSources(
  request: Asked & Pick<BuildRequest, "mirror">,
  tools: readonly ToolName[],
  assets: readonly string[],
  probe: Probe,
): Promise<DecidedSources> {
  const { sources: mode, runner: asked = "auto", decided, platforms, mirror } = request
  const certain = certainSources(request, tools)
  if (decided) return certain
  const located = (names: readonly ToolName[]) =>
    upstreamFiles(names, platforms).map((file): LocatedFile => {
      return assets.includes(assetName(file.url)) ? file : { ...file, askedAt: mirrored(file.url, mirror) }
    })
  const others = withoutRunner(tools, certain.runner)
  await Promise.all([
    mode === "upstream" && requireFiles(located(others), probe, "--sources auto or registry"),
    asked === "official" && requireFiles(located(tools.filter((name) => name === RUNNER)), probe, "--runner act"),
  ])
  if (mode !== "auto") return certain
  const groups = decidedTogether(others).map((names) => ({ names, files: located(names) }))
  const missing = await askFor(
    groups.flatMap(({ files }) => (files.some(unverifiable) ? [] : files)),
    probe,
  )
  return { ...certain, mode, tools: sourcesOf(groups, missing) }
}

/** @throws RunnerImagesError UPSTREAM_UNREACHABLE */
async function requireFiles(files: readonly LocatedFile[], probe: Probe, otherwise: string): Promise<void> {
  const missing = await askFor(files, probe)
  if (missing.size > 0) throw unreachable(missing, files.length, otherwise)
}

/**
 * Where tools come from, as far as no vendor need be asked for it. With `auto` these are the tools that an earlier build decided about, those
 * whose upstream files cannot be verified, and those that have none.
 *
 * @throws RunnerImagesError ORIGINAL_INVALID when an earlier build's decision lacks a tool
 */
export function certainSources(
  { sources: mode, runner: asked = "auto", decided, platforms }: Asked,
  tools: readonly ToolName[],
): DecidedSources {
  const runner: ToolSource | undefined =
    asked === "auto" || !tools.includes(RUNNER)
      ? undefined
      : { from: asked === "official" ? "upstream" : "registry", reason: `requested with --runner ${asked}` }
  const alone = runner && { runner }
  if (mode !== "auto") return { mode, reason: `requested with --sources ${mode}`, ...alone }
  if (decided) return { mode, tools: complete(decided, tools) }
  const groups = decidedTogether(withoutRunner(tools, runner)).map((names) => ({
    names,
    files: upstreamFiles(names, platforms),
  }))
  const certain = groups.filter(({ files }) => files.length === 0 || files.some(unverifiable))
  return { mode, tools: sourcesOf(certain, new Map()), ...alone }
}

/** The tools that `--sources` decides about: not the runner if that was asked for. */
function withoutRunner(tools: readonly ToolName[], asked: ToolSource | undefined): readonly ToolName[] {
  return asked ? tools.filter((name) => name !== RUNNER) : tools
}

function sourcesOf(
  groups: readonly { names: readonly ToolName[]; files: readonly LocatedFile[] }[],
  missing: Missing,
): Record<string, ToolSource> {
  return Object.fromEntries(
    groups.flatMap(({ names, files }) => {
      const source = sourceForFiles(files, missing)
      return names.map((name) => [name, source] as const)
    }),
  )
}

/** Whether it is decided where a tool comes from. */
export function isDecided(name: ToolName, decided: DecidedSources): boolean {
  if (name === RUNNER && decided.runner) return true
  return decided.mode !== "auto" || decided.tools[name] !== undefined
}

/** A pinned file, and where it would be taken from. */
export interface LocatedFile extends ToolFile {
  /** The URL at which it is asked for. Absent if it is in the assets folder. */
  askedAt?: string
}

/** URLs whose files cannot be had → why. */
export type Missing = ReadonlyMap<string, string>

async function askFor(files: readonly LocatedFile[], probe: Probe): Promise<Missing> {
  const urls = files.flatMap(({ askedAt }) => askedAt ?? [])
  const answers = urls.length === 0 ? [] : await probe(urls)
  return new Map(
    urls.flatMap((url, index): [string, string][] => {
      const why = answers[index]
      return why === undefined ? [] : [[url, why]]
    }),
  )
}

function unverifiable({ sha256 }: ToolFile): boolean {
  return sha256 === UNKNOWN
}

const ONLY_THERE = "the vendor publishes only there"

/** Decides about tools that are decided together, from all of their files. */
export function sourceForFiles(files: readonly LocatedFile[], missing: Missing): ToolSource {
  if (files.length === 0) return { from: "registry", reason: ONLY_THERE }
  const unknown = files.filter(unverifiable)
  if (unknown.length > 0)
    return { from: "registry", reason: `the catalog has no checksum for ${unknown.map(({ url }) => url).join(", ")}` }
  const asked = files.flatMap(({ askedAt }) => askedAt ?? [])
  const absent = new Map([...missing].filter(([url]) => asked.includes(url)))
  if (absent.size > 0)
    return { from: "registry", reason: `${count(absent.size, files.length)} cannot be had: ${listed(absent)}` }
  if (asked.length === files.length) return { from: "upstream", reason: "the pinned files are on their servers" }
  const others = asked.length > 0 ? " or on their servers" : ""
  return { from: "upstream", reason: `the pinned files are in the assets folder${others}` }
}

function unreachable(missing: Missing, all: number, otherwise: string): RunnerImagesError {
  return new RunnerImagesError(
    "UPSTREAM_UNREACHABLE",
    `${count(missing.size, all)} cannot be had: ${listed(missing)}.`,
    `Check the network, give the files with --assets DIR, name a server that has them with --mirror URL, or use ${otherwise}.`,
  )
}

/** @example count(1, 2) ⇒ "1 of 2 pinned files" */
function count(some: number, all: number): string {
  return `${String(some)} of ${String(all)} pinned ${all === 1 ? "file" : "files"}`
}

/** Each file with the reason; a reason that names the server is of all of its files, and is given once. */
function listed(missing: Missing): string {
  const items = [...missing].map(([url, why]) => (mentions(why, new URL(url).hostname) ? why : `${url} (${why})`))
  return [...new Set(items)].join(", ")
}

/** @example mentions("Could not resolve host: example.com, 3 times", "example.com") ⇒ true */
function mentions(why: string, host: string): boolean {
  return why.split(/[\s,:;()]+/).includes(host)
}

/** An earlier build's decision, if it covers all tools. */
function complete(
  decided: Readonly<Record<string, ToolSource>>,
  tools: readonly ToolName[],
): Record<string, ToolSource> {
  const lacking = tools.find((name) => decided[name] === undefined)
  if (lacking === undefined) return decided
  throw new RunnerImagesError(
    "ORIGINAL_INVALID",
    `The original's report does not say where ${lacking} came from.`,
    "Check out the commit that the original was built from, and give a report as that version wrote it.",
  )
}

/**
 * Where one tool comes from.
 *
 * @throws Error for a tool that was not decided about
 */
export function sourceOf(name: ToolName, decided: DecidedSources): ToolSource {
  if (name === RUNNER && decided.runner) return decided.runner
  if (catalogTool(name).registryIsUpstream) return { from: "registry", reason: ONLY_THERE }
  if (decided.mode !== "auto") return { from: decided.mode, reason: decided.reason }
  const source = decided.tools[name]
  if (!source) throw new Error(`it was not decided where ${name} comes from`)
  return source
}

/** Where an image's tools come from, as plans and reports say it. */
export function imageSources(tools: readonly ToolName[], decided: DecidedSources): ImageSources {
  return {
    requested: decided.mode,
    tools: Object.fromEntries(tools.map((name) => [name, sourceOf(name, decided)])),
  }
}

/** Tools with the same source for the same reason. */
export interface SourceGroup extends ToolSource {
  tools: string[]
}

/** An image's tools by source and reason, in the order of the tools. */
export function sourceGroups({ tools }: Pick<ImageSources, "tools">): SourceGroup[] {
  const groups = new Map<string, SourceGroup>()
  for (const [name, { from, reason }] of Object.entries(tools)) {
    const key = `${from} ${reason}`
    const group = groups.get(key) ?? { from, reason, tools: [] }
    group.tools.push(name)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** The tools for which `auto` fell back to a registry, although it found others upstream. */
export function fallbacks(sources: ImageSources): SourceGroup[] {
  const groups = sourceGroups(sources)
  if (sources.requested !== "auto" || !groups.some(({ from }) => from === "upstream")) return []
  return groups.filter(({ from, reason }) => from === "registry" && reason !== ONLY_THERE)
}

/**
 * Warns that images do not have GitHub's runner, although nobody asked for another.
 *
 * @returns undefined if they have it, or if the other one was asked for
 */
export function unofficialText({ tools }: Pick<ImageSources, "tools">, asked?: RunnerMode): string | undefined {
  const runner = tools[RUNNER]
  if (runner?.from !== "registry" || asked === "act") return undefined
  return `the runner is github-act-runner, not GitHub's own: ${runner.reason}. docs/ACT_RUNNER.md says what it lacks; --runner act accepts it, --runner official fails instead`
}

/** @example sourceText({ from: "registry", tools: ["chrome"], reason: "…" }) ⇒ "from registry: chrome; …" */
export function sourceText({ from, tools, reason }: SourceGroup): string {
  return `from ${from}: ${tools.join(", ")}; ${reason}`
}
