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
import type { PlatformName } from "../platforms.js"
import type { BuildRequest } from "../request/request.js"
import type { VariantName } from "../variants/names.js"

/** Where tools come from, after `auto` was decided. */
export interface DecidedSources {
  mode: "upstream" | "registry"
  reason: string
}

/** A tool and how one image comes by it. */
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
}

export interface VariantPlan {
  variant: VariantName
  /** The variant whose layers this one's come on top of. Everything else here has what that one has, too. */
  extends?: VariantName
  title: string
  description: string
  /** The image that it is built on, by its tag. */
  base: BaseName
  sources: DecidedSources
  runner: "actions" | "stand-in"
  /** Whether containers start as root instead of the runner user. */
  root: boolean
  /** What was asked for beside the variant's own packages, and means something to it. */
  options: PackageOption[]
  environment: Record<string, string>
  files: VariantFile[]
  /** Path in the image → target. */
  links: Record<string, string>
  checks: CheckGroup[]
  customChecks: CustomCheck[]
  limits: SizeLimits
  platforms: PlatformPlan[]
}

const PACKAGE_OPTIONS: readonly PackageOption[] = ["sudo", "cjkFonts"]

/** What would be built: pure, from the request and the decided sources. */
export function planVariant(variant: VariantName, request: BuildRequest, sources: DecidedSources): VariantPlan {
  const definition = resolveDefinition(variant, request.custom)
  const base = request.base ?? DEFAULT_BASE
  const platforms = request.platforms.map((platform): PlatformPlan => {
    const tools = [
      ...definition.tools.flatMap((name) => plannedTool(name, platform, sources.mode, base)),
      ...definition.customTools.map((tool) => plannedCustomTool(tool, platform)),
    ]
    const packages = new Set(requestedPackages(variant, request))
    for (const tool of tools) if (tool.from === "deb") packages.add(tool.package)
    return { platform, packages: [...packages].sort(), tools }
  })
  const { extends: parent, budgetBytes, minimumShared } = definitionOf(variant, request.custom)
  return {
    variant,
    ...(parent === undefined ? {} : { extends: parent }),
    title: definition.title,
    description: definition.description,
    base,
    sources,
    runner: sources.mode === "upstream" ? "actions" : "stand-in",
    root: request.root ?? false,
    options: PACKAGE_OPTIONS.filter((option) => request[option] && definition.optionalPackages[option]),
    // Whoever takes this flavour wants jobs to be root; without it start-up gives root away.
    environment: { ...definition.environment, ...(request.root === true && { RUN_AS_ROOT: "true" }) },
    files: [...definition.files],
    links: { ...definition.links },
    checks: [...definition.checks],
    customChecks: [...definition.customChecks],
    limits: {
      ...(budgetBytes === undefined ? {} : { budgetBytes }),
      ...(minimumShared === undefined ? {} : { minimumShared }),
    },
    platforms,
  }
}

/**
 * Finds before any work an option that means nothing to the variants, and what registries cannot give. Of other sources a plan is
 * made once it is known which answer.
 *
 * @throws RunnerImagesError USAGE or BASE_INVALID
 */
export function assertPlannable(request: BuildRequest): void {
  const known = request.variants.some((variant) => resolveDefinition(variant, request.custom).optionalPackages.cjkFonts)
  if (request.cjkFonts && !known)
    throw new RunnerImagesError(
      "USAGE",
      `--cjk-fonts is for variants with a browser, and ${request.variants.join(", ")} has none.`,
      "Leave it out, or give --variants chrome.",
    )
  if (request.sources !== "registry") return
  for (const variant of request.variants) planVariant(variant, request, { mode: request.sources, reason: "" })
}

/** The packages that a variant and the request ask for by name, tools aside, as the request's base calls them. */
export function requestedPackages(
  variant: VariantName,
  request: Pick<BuildRequest, "base" | "custom" | PackageOption>,
): string[] {
  const { packages, optionalPackages } = resolveDefinition(variant, request.custom)
  const optional = PACKAGE_OPTIONS.flatMap((option) => (request[option] ? (optionalPackages[option] ?? []) : []))
  return [...packages, ...optional].map((name) => packageOn(request.base ?? DEFAULT_BASE, name))
}

function plannedTool(
  name: ToolName,
  platform: PlatformName,
  mode: DecidedSources["mode"],
  base: BaseName,
): PlannedTool[] {
  const entry: CatalogTool = catalogTool(name)
  if (mode === "upstream" && !entry.registryIsUpstream) {
    if (!entry.upstream) return []
    const { version, files } = entry.upstream
    const { url, sha256 } = files[platform]
    return [{ name, from: "upstream", version, url, sha256: knownChecksum(name, url, sha256) }]
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
