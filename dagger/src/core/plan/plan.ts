import { DEFAULT_BASE, packageOn, type BaseName } from "../variants/bases.js"
import { catalogTool, knownChecksum, type CatalogTool, type ToolName, type Unpack } from "../catalog/catalog.js"
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
import type { PlatformName } from "../platforms.js"
import type { ImageSources, SourceKind } from "../report/report.js"
import type { BuildRequest } from "../request/request.js"
import type { VariantName } from "../variants/names.js"
import { ROOT_HOME, userPath } from "../variants/runner-user.js"
import { imageSources, sourceOf, type DecidedSources } from "./sources.js"

/** A tool, and where one image gets it from. */
export type PlannedTool =
  | { name: ToolName; from: "upstream"; version: string; url: string; sha256: string }
  | { name: ToolName; from: "npm"; version: string; package: string; integrity: string }
  | { name: ToolName; from: "go-toolchain"; version: string; module: string; sum: string }
  | { name: ToolName; from: "deb"; package: string }
  | { name: ToolName; from: "project"; folder: string }
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
  runner: "actions" | "stand-in"
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
    runner: sourceOf("runner", sources).from === "upstream" ? "actions" : "stand-in",
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
 * Refuses, before any work, an option that no variant knows and packages that registries cannot provide. With other sources, planning
 * waits until it is known which of them are reachable.
 *
 * @throws RunnerImagesError USAGE or BASE_INVALID
 */
export function assertPlannable(request: BuildRequest): void {
  const known = request.variants.some((variant) => resolveDefinition(variant, request.custom).optionalPackages.cjkFonts)
  if (request.cjkFonts && !known)
    throw new RunnerImagesError(
      "USAGE",
      `--cjk-fonts only applies to variants with a browser, not to ${request.variants.join(", ")}.`,
      "Leave it out, or give --variants chrome.",
    )
  if (request.sources !== "registry") return
  for (const variant of request.variants) planVariant(variant, request, { mode: request.sources, reason: "" })
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
    const { url, sha256 } = files[platform]
    // Not refused here if its checksum is unknown, but where it is used: plans are also made of platforms of which only packages are used.
    return [{ name, from: "upstream", version, url, sha256 }]
  }
  const { registry } = entry
  switch (registry.kind) {
    case "deb":
      return [{ name, from: "deb", package: packageOn(base, registry.package) }]
    case "npm": {
      const { version, packages } = registry
      const { name: npmName, integrity } = packages[platform]
      const known = knownChecksum(name, `${npmName}@${version}`, integrity)
      return [{ name, from: "npm", version, package: npmName, integrity: known }]
    }
    case "go-toolchain": {
      const { path, version, sum } = registry.modules[platform]
      const module = `${path}@${version}`
      return [{ name, from: "go-toolchain", version: registry.version, module, sum: knownChecksum(name, module, sum) }]
    }
    case "project":
      return [{ name, from: "project", folder: registry.folder }]
  }
}

function plannedCustomTool({ name, version, files, unpack, links }: CustomTool, platform: PlatformName): PlannedTool {
  return { name, from: "definition", version, ...files[platform], unpack, links }
}
