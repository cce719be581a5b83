import { DEFAULT_BASE, packageOn, type BaseName } from "../variants/bases.js"
import { catalogTool, UNKNOWN, type CatalogTool, type ToolName, type Unpack } from "../catalog/catalog.js"
import {
  definitionOf,
  resolveDefinition,
  type CheckGroup,
  type CustomCheck,
  type CustomTool,
  type PackageOption,
  type SizeLimits,
  type VariantFile,
} from "../variants/definitions.js"
import { RunnerImagesError } from "../errors.js"
import type { AcceptedFinding } from "../variants/findings.js"
import { spelling, type PlatformName } from "../platforms.js"
import type { ImageSources, RunnerKind, SourceKind } from "../report/report.js"
import type { BuildRequest } from "../request/request.js"
import type { VariantName } from "../variants/names.js"
import { ROOT_HOME, userPath } from "../variants/runner-user.js"
import { certainSources, imageSources, isDecided, sourceOf, type DecidedSources } from "./sources.js"

/** A tool, and where one image gets it from. Its checksum is as pinned, which may be unknown: see {@link verifiable}. */
export type PlannedTool =
  | { name: ToolName; from: "upstream"; version: string; url: string; sha256: string }
  | { name: ToolName; from: "npm"; version: string; package: string; integrity: string }
  | { name: ToolName; from: "go-toolchain"; version: string; module: string; sum: string }
  | { name: ToolName; from: "deb"; package: string }
  | { name: ToolName; from: "go-program"; folder: string; module: string; arch: string }
  | ({ from: "definition"; unpack: Unpack; url: string; sha256: string } & Pick<
      CustomTool,
      "name" | "version" | "links"
    >)

export interface PlatformPlan {
  platform: PlatformName
  /** Requested packages, sorted. The archive decides their versions and dependencies. */
  packages: string[]
  tools: PlannedTool[]
  /** The variables whose values depend on the platform, see {@link environmentOn}. */
  environment: Record<string, string>
}

export interface VariantPlan {
  variant: VariantName
  /** The variant on whose layers this one's are put. Everything else here includes what that variant has. */
  extends?: VariantName
  title: string
  description: string
  /** The image that it is built on, by its tag. */
  base: BaseName
  /** Where each of the catalog's tools comes from. */
  sources: ImageSources
  runner: RunnerKind
  /** Whether containers start as root instead of the runner user. */
  root: boolean
  /** The requested package options that the variant knows. */
  options: PackageOption[]
  /** The variables with the same value on every platform, see {@link environmentOn}. */
  environment: Record<string, string>
  files: VariantFile[]
  /** Path in the image → target. */
  links: Record<string, string>
  checks: CheckGroup[]
  customChecks: CustomCheck[]
  /** Whether a definition file describes it. Such a variant may have what its packages ship, see `core/checks/shipped.ts`. */
  custom: boolean
  /** Findings of the checks of files that its definition accepts. */
  accept: AcceptedFinding[]
  limits: SizeLimits
  platforms: PlatformPlan[]
}

const PACKAGE_OPTIONS: readonly PackageOption[] = ["sudo", "cjkFonts"]

/** Plans one variant: pure, from the request and the decided sources. */
export function planVariant(variant: VariantName, request: BuildRequest, sources: DecidedSources): VariantPlan {
  const definition = resolveDefinition(variant, request.custom)
  const base = request.base ?? DEFAULT_BASE
  const platforms = request.platforms.map((platform): PlatformPlan => {
    const tools = [
      ...definition.tools.flatMap((name) => decidedTool(name, platform, sources, base)),
      ...definition.customTools.map((tool) => plannedCustomTool(tool, platform)),
    ]
    const packages = new Set(requestedPackages(variant, request))
    for (const tool of tools) if (tool.from === "deb") packages.add(tool.package)
    const environment = optionsIn(request, definition.platformEnvironment[platform] ?? {})
    return { platform, packages: [...packages].sort(), tools, environment }
  })
  const { extends: parent, budgetBytes, minimumShared } = definitionOf(variant, request.custom)
  return {
    variant,
    ...(parent === undefined ? {} : { extends: parent }),
    title: definition.title,
    description: definition.description,
    base,
    sources: imageSources(definition.tools, sources),
    runner: sourceOf("runner", sources).from === "upstream" ? "official" : "act",
    root: request.root ?? false,
    options: PACKAGE_OPTIONS.filter((option) => request[option] && definition.optionalPackages[option]),
    environment: {
      ...optionsIn(request, definition.environment),
      ...(request.root === true && { RUN_AS_ROOT: "true" }),
    },
    files: [...definition.files],
    links: { ...definition.links },
    checks: [...definition.checks],
    customChecks: [...definition.customChecks],
    custom: variant === request.custom?.name,
    accept: [...definition.accept],
    limits: {
      ...(budgetBytes === undefined ? {} : { budgetBytes }),
      ...(minimumShared === undefined ? {} : { minimumShared }),
    },
    platforms,
  }
}

/** All variables of a variant's image on one platform. */
export function environmentOn(plan: VariantPlan, platform: PlatformName): Record<string, string> {
  return { ...plan.environment, ...plan.platforms.find((planned) => planned.platform === platform)?.environment }
}

/**
 * What --root makes of variables. Its users want jobs to run as root: without RUN_AS_ROOT, which no definition decides then, the container
 * drops root at start-up. Root has programs of its own.
 */
function optionsIn(request: BuildRequest, environment: Readonly<Record<string, string>>): Record<string, string> {
  if (request.root !== true) return { ...environment }
  const kept = Object.fromEntries(Object.entries(environment).filter(([name]) => name !== "RUN_AS_ROOT"))
  return kept.PATH === undefined ? kept : { ...kept, PATH: `${userPath(ROOT_HOME)}:${kept.PATH}` }
}

/**
 * Refuses, before any work, an option that no variant knows, packages that the base does not have, and files that will be used but cannot be
 * verified. What `auto` has yet to decide about is refused when it is planned.
 *
 * @throws RunnerImagesError USAGE, BASE_INVALID, CHECKSUM_UNKNOWN or ORIGINAL_INVALID
 */
export function assertPlannable(request: BuildRequest): void {
  const known = request.variants.some((variant) => resolveDefinition(variant, request.custom).optionalPackages.cjkFonts)
  if (request.cjkFonts && !known)
    throw new RunnerImagesError(
      "USAGE",
      `--cjk-fonts only applies to variants with a browser, not to ${request.variants.join(", ")}.`,
      "Leave it out, or give --variants chrome.",
    )
  for (const variant of request.variants) {
    requestedPackages(variant, request)
    const { tools } = resolveDefinition(variant, request.custom)
    const sources = certainSources(request, tools)
    for (const name of tools.filter((tool) => isDecided(tool, sources)))
      for (const platform of request.platforms)
        for (const tool of decidedTool(name, platform, sources, request.base ?? DEFAULT_BASE)) verifiable(tool, request)
  }
}

/** The packages that a variant and the request name, without those of tools, by the names that the request's base uses. */
export function requestedPackages(
  variant: VariantName,
  request: Pick<BuildRequest, "base" | "custom" | PackageOption>,
): string[] {
  const { packages, optionalPackages } = resolveDefinition(variant, request.custom)
  const optional = PACKAGE_OPTIONS.flatMap((option) => (request[option] ? (optionalPackages[option] ?? []) : []))
  return [...packages, ...optional].map((name) => packageOn(request.base ?? DEFAULT_BASE, name))
}

/**
 * A tool from where it was decided to come from.
 *
 * @throws RunnerImagesError BASE_INVALID when the base does not have it; after `auto`, also with why it does not come from upstream
 */
function decidedTool(name: ToolName, platform: PlatformName, sources: DecidedSources, base: BaseName): PlannedTool[] {
  const { from, reason } = sourceOf(name, sources)
  try {
    return plannedTool(name, platform, from, base)
  } catch (error) {
    if (sources.mode !== "auto" || !(error instanceof RunnerImagesError) || error.code !== "BASE_INVALID") throw error
    const problem = `${error.problem} It cannot come from upstream either: ${reason}.`
    const remedy = `Make its upstream files available, or use --base ${DEFAULT_BASE}.`
    throw new RunnerImagesError(error.code, problem, remedy, { cause: error })
  }
}

/**
 * What the catalog has of a tool for one platform.
 *
 * @returns nothing if the sources do not have it
 */
export function plannedTool(name: ToolName, platform: PlatformName, from: SourceKind, base: BaseName): PlannedTool[] {
  const entry: CatalogTool = catalogTool(name)
  if (from === "upstream" && !entry.registryIsUpstream) {
    if (!entry.upstream) return []
    const { version, files } = entry.upstream
    return [{ name, from: "upstream", version, ...files[platform] }]
  }
  const { registry } = entry
  switch (registry.kind) {
    case "deb":
      return [{ name, from: "deb", package: packageOn(base, registry.package) }]
    case "npm": {
      const { version, packages } = registry
      const { name: npmName, integrity } = packages[platform]
      return [{ name, from: "npm", version, package: npmName, integrity }]
    }
    case "go-toolchain": {
      const { path, version, sum } = registry.modules[platform]
      return [{ name, from: "go-toolchain", version: registry.version, module: `${path}@${version}`, sum }]
    }
    case "go-program":
      return [
        { name, from: "go-program", folder: registry.folder, module: registry.module, arch: spelling(platform).arch },
      ]
  }
}

/**
 * A tool whose file will be used, which therefore needs a checksum. Plans are also made of images and platforms whose files nobody uses: of the
 * engine's own platform, of which only packages are installed, and of images that are only tested.
 *
 * @param request has the decision of an earlier build, if the tool's source comes from there
 * @throws RunnerImagesError CHECKSUM_UNKNOWN
 */
export function verifiable<Tool extends PlannedTool>(
  tool: Tool,
  { decided }: Pick<BuildRequest, "decided"> = {},
): Tool {
  const file = fileWithoutChecksum(tool)
  if (file === undefined) return tool
  const vendor = tool.from === "upstream" ? "vendor" : "registry"
  const option = tool.name === "runner" ? "--runner act" : "--sources auto or registry"
  const others = tool.from === "upstream" ? `, or use ${option}` : ""
  throw new RunnerImagesError(
    "CHECKSUM_UNKNOWN",
    `The catalog has no checksum for ${file}, so it cannot be verified.`,
    decided
      ? "Check out the commit that the original was built from."
      : `Run runner-images catalog update ${tool.name} on a machine that can reach its ${vendor}${others}.`,
  )
}

function fileWithoutChecksum(tool: PlannedTool): string | undefined {
  switch (tool.from) {
    case "upstream":
      return tool.sha256 === UNKNOWN ? tool.url : undefined
    case "npm":
      return tool.integrity === UNKNOWN ? `${tool.package}@${tool.version}` : undefined
    case "go-toolchain":
      return tool.sum === UNKNOWN ? tool.module : undefined
    default:
      return undefined
  }
}

function plannedCustomTool({ name, version, files, unpack, links }: CustomTool, platform: PlatformName): PlannedTool {
  return { name, from: "definition", version, ...files[platform], unpack, links }
}

/** The version of a tool that the catalog pins; undefined if the archive or the build decides about it. */
export function pinnedVersion({ platforms }: Pick<VariantPlan, "platforms">, name: ToolName): string | undefined {
  const tool = platforms.flatMap(({ tools }) => tools).find((each) => each.name === name)
  return tool && "version" in tool ? tool.version : undefined
}
