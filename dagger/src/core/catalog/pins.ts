import { parseDocument } from "yaml"
import { z } from "zod"
import { PLATFORMS, spelling, type PlatformName, type PlatformSpelling } from "../platforms.js"
import { contradictions, type CatalogProblem } from "./rules.js"
import {
  commonNpmPinSchema,
  goToolchainPinSchema,
  npmPinSchema,
  unknownKey,
  upstreamPinSchema,
  type CatalogTool,
  type RegistrySource,
  type ToolEntry,
  type UpstreamSource,
} from "./schema.js"

/** Pins as written, before they are validated against the tools' entries. */
const treeSchema = z.record(z.string(), z.record(z.string(), z.unknown()))

export interface ReadCatalog {
  /** Every tool that could be read. */
  tools: Record<string, CatalogTool>
  /** All problems, in the order of the file. */
  problems: CatalogProblem[]
}

/**
 * Combines pins and entries into the tools that a build uses, and reports all problems.
 *
 * @param text the text of pins.yaml
 */
export function readCatalog(text: string, entries: Readonly<Record<string, ToolEntry>>): ReadCatalog {
  const document = parseDocument(text, { schema: "failsafe" })
  const [error] = document.errors
  // The message continues with an excerpt of the text.
  if (error) return refused(error.message.split("\n")[0]?.replace(/:$/, "") ?? error.code)
  const tree = treeSchema.safeParse(document.toJS())
  if (!tree.success) return refused("it is not a mapping of tools to their sources")
  const strangers = Object.keys(tree.data).filter((name) => !(name in entries))
  const problems: CatalogProblem[] = strangers.map((name) => ({
    where: "pins.yaml",
    problem: unknownKey(name, Object.keys(entries)),
  }))
  const tools: Record<string, CatalogTool> = {}
  for (const [name, entry] of Object.entries(entries)) {
    const read = readTool(name, entry, tree.data[name] ?? {})
    problems.push(...read.problems)
    if (read.tool) tools[name] = read.tool
  }
  return { tools, problems: [...problems, ...contradictions(tools, entries)] }
}

function refused(problem: string): ReadCatalog {
  return { tools: {}, problems: [{ where: "pins.yaml", problem: `cannot be read: ${problem}` }] }
}

function readTool(
  name: string,
  entry: ToolEntry,
  pins: Readonly<Record<string, unknown>>,
): { tool?: CatalogTool; problems: CatalogProblem[] } {
  const reader = new PinReader(name)
  const upstream = entry.upstream && readUpstream(reader, entry.upstream, pins.upstream)
  const registry = readRegistry(reader, entry.registry, pins.registry)
  const pinned = [...(entry.upstream ? ["upstream"] : []), ...(isPinned(entry.registry) ? ["registry"] : [])]
  const strange = Object.keys(pins).filter((key) => !pinned.includes(key))
  const problems = [
    ...strange.map((key): CatalogProblem => ({ where: name, problem: unknownKey(key, pinned) })),
    ...reader.problems,
  ]
  if (!registry || (entry.upstream && !upstream)) return { problems }
  const { title, registryIsUpstream, upstreamIn, sameVersionAs, owner, checks } = entry
  const tool: CatalogTool = {
    title,
    ...(upstream ? { upstream } : {}),
    registry,
    ...(registryIsUpstream ? { registryIsUpstream } : {}),
    ...(upstreamIn === undefined ? {} : { upstreamIn }),
    ...(sameVersionAs === undefined ? {} : { sameVersionAs }),
    ...(owner === undefined ? {} : { owner }),
    checks,
  }
  return { tool, problems }
}

/** Packages of the distribution have the archive's newest version; the modules of our programs are pinned beside them. */
function isPinned({ kind }: ToolEntry["registry"]): boolean {
  return kind === "npm" || kind === "go-toolchain"
}

function readUpstream(
  reader: PinReader,
  { url, unpack }: NonNullable<ToolEntry["upstream"]>,
  given: unknown,
): UpstreamSource | undefined {
  const pin = reader.read("upstream", upstreamPinSchema, given)
  if (!pin) return undefined
  const { version, released, sha256, seen, verified } = pin
  const files = perPlatform((names, platform) => ({ url: url(version, names), sha256: sha256[platform] }))
  return { version, released, verifiedBy: verified ?? { by: seen ? "first-seen" : "published" }, unpack, files }
}

function readRegistry(reader: PinReader, registry: ToolEntry["registry"], given: unknown): RegistrySource | undefined {
  switch (registry.kind) {
    case "deb":
    case "go-program":
      return registry
    case "npm": {
      const { kind, unpack, links, needlessScripts } = registry
      const names = perPlatform(registry.package)
      const common = new Set(Object.values(names)).size === 1
      const pin = common
        ? reader.read("registry", commonNpmPinSchema, given)
        : reader.read("registry", npmPinSchema, given)
      if (!pin) return undefined
      const { version, released, integrity, verified } = pin
      const packages = perPlatform((_, platform) => ({
        name: names[platform],
        integrity: typeof integrity === "string" ? integrity : integrity[platform],
      }))
      return {
        ...{ kind, version, released, verifiedBy: verified ?? { by: "published" }, unpack, packages },
        ...(links ? { links } : {}),
        ...(needlessScripts ? { needlessScripts } : {}),
      }
    }
    case "go-toolchain": {
      const pin = reader.read("registry", goToolchainPinSchema, given)
      if (!pin) return undefined
      const { kind, path, unpack } = registry
      const { version, released, sum, verified } = pin
      const modules = perPlatform((names, platform) => ({
        path,
        version: registry.version(version, names),
        sum: sum[platform],
      }))
      return { kind, version, released, verifiedBy: verified ?? { by: "published" }, unpack, modules }
    }
  }
}

/** Reads the pins of one tool and collects their problems. */
class PinReader {
  readonly problems: CatalogProblem[] = []

  constructor(private readonly tool: string) {}

  read<Value>(source: string, schema: z.ZodType<Value>, given: unknown): Value | undefined {
    const result = schema.safeParse(given)
    if (result.success) return result.data
    for (const { path, message } of result.error.issues)
      this.problems.push({ where: [this.tool, source, ...path].join("."), problem: message })
    return undefined
  }
}

function perPlatform<Value>(
  of: (names: PlatformSpelling, platform: PlatformName) => Value,
): Record<PlatformName, Value> {
  return Object.fromEntries(PLATFORMS.map((platform) => [platform, of(spelling(platform), platform)])) as Record<
    PlatformName,
    Value
  >
}
