import { dag, type Container, type Directory } from "@dagger.io/dagger"
import { catalogTool, type NpmSource, type Unpack } from "../../core/catalog/catalog.js"
import { verifiable, type PlannedTool } from "../../core/plan/plan.js"
import { assetName } from "../../core/plan/sources.js"
import type { EngineHost } from "../engine/engine-host.js"
import { goProgramFiles } from "./go-program.js"
import { unpackedGo } from "./go-toolchain.js"
import { fetched, unpackArguments, unpackedArchive } from "./unpacked.js"
import { fetchUpstream, type UpstreamAccess } from "./upstream.js"

/** Where tools are taken from. */
export interface ToolSources extends UpstreamAccess {
  /** Absolute path of the project's `docker/` folder on this program's machine. */
  docker: string
}

/**
 * Adds a tool's files to an image: fetched, verified and unpacked natively, placed declaratively.
 * Tools that are packages of the distribution are already installed.
 */
export async function withTool(
  engineHost: EngineHost,
  image: Container,
  tool: PlannedTool,
  sources: ToolSources,
): Promise<Container> {
  if (tool.from === "definition") return withCustomTool(engineHost, image, tool, sources)
  const entry = catalogTool(tool.name)
  const owner = entry.owner ? { owner: entry.owner } : {}
  switch (tool.from) {
    case "deb":
      return image
    case "go-program": {
      const { registry } = entry
      if (registry.kind !== "go-program") throw new Error(`${tool.name} is not a program of this project`)
      return image.withDirectory(registry.into, await goProgramFiles(engineHost, tool, sources.docker), owner)
    }
    case "npm": {
      const { registry } = entry
      if (registry.kind !== "npm") throw new Error(`${tool.name} is not in the npm registry`)
      const files = unpackedNpm(engineHost, tool, registry)
      if (!registry.links || registry.unpack.kind === "program") return place(image, registry.unpack, files, owner)
      return image.withDirectory("/", linked(engineHost, registry.unpack.into, files, registry.links), owner)
    }
    case "go-toolchain": {
      const { registry } = entry
      if (registry.kind !== "go-toolchain") throw new Error(`${tool.name} is not in the Go module proxy`)
      return place(image, registry.unpack, unpackedGo(engineHost, tool, registry.unpack), owner)
    }
    case "upstream": {
      const { upstream } = entry
      if (!upstream) throw new Error(`${tool.name} has no upstream file`)
      const { name, file } = await fetched(engineHost, tool, sources)
      const { unpack } = upstream
      if (unpack.kind === "program") return image.withFile(unpack.path, file, { permissions: 0o755, ...owner })
      return place(image, unpack, unpackedArchive(engineHost, file, name, unpack), owner)
    }
  }
}

/** The folder or file where a tool's files are placed. */
export function placeOf(tool: PlannedTool): string | undefined {
  if (tool.from === "go-program") {
    const { registry } = catalogTool(tool.name)
    return "into" in registry ? registry.into : undefined
  }
  const unpack = unpackOf(tool)
  return unpack?.kind === "program" ? unpack.path : unpack?.into
}

function unpackOf(tool: PlannedTool): Unpack | undefined {
  if (tool.from === "definition") return tool.unpack
  const { upstream, registry } = catalogTool(tool.name)
  if (tool.from === "upstream") return upstream?.unpack
  return "unpack" in registry ? registry.unpack : undefined
}

/** Adds a tool from a definition file and its links, as one layer. */
async function withCustomTool(
  engineHost: EngineHost,
  image: Container,
  { url, sha256, unpack, links }: PlannedTool & { from: "definition" },
  sources: ToolSources,
): Promise<Container> {
  const file = await fetchUpstream(engineHost, { name: assetName(url), url, sha256 }, sources)
  const tree =
    unpack.kind === "program"
      ? dag.directory().withFile(unpack.path, file, { permissions: 0o755 })
      : // unpack.sh learns the kind of archive from the name; a URL may not have it.
        dag.directory().withDirectory(unpack.into, unpackedArchive(engineHost, file, `archive.${unpack.kind}`, unpack))
  const linked = Object.entries(links).reduce((made, [path, target]) => made.withSymlink(target, path), tree)
  return image.withDirectory("/", asSingleLayer(engineHost, linked))
}

function place(image: Container, unpack: Unpack, files: Directory, owner: { owner?: string }): Container {
  return image.withDirectory(unpack.kind === "program" ? "/" : unpack.into, files, owner)
}

/** Files and links of one tool as one tree from the root. */
function linked(
  engineHost: EngineHost,
  into: string,
  files: Directory,
  links: Readonly<Record<string, string>>,
): Directory {
  const tree = Object.entries(links).reduce(
    (made, [path, target]) => made.withSymlink(target, path),
    dag.directory().withDirectory(into, files),
  )
  return asSingleLayer(engineHost, tree)
}

/**
 * Copies a tree with one native exec: one that was assembled piece by piece becomes one layer, and one that was uploaded loses the extended
 * attributes that Dagger gives to its files.
 */
export function asSingleLayer(engineHost: EngineHost, tree: Directory): Directory {
  return engineHost.container
    .withMountedDirectory("/tree", tree)
    .withExec(["cp", "--recursive", "--no-dereference", COPIED, "/tree", "/single-layer"])
    .directory("/single-layer")
}

/** What a copy has of the original: everything except extended attributes. */
const COPIED = "--preserve=mode,ownership,timestamps,links"

/** Fetches a package with npm, which verifies the npm registry's checksum; the catalog's is verified too. */
function unpackedNpm(
  engineHost: EngineHost,
  tool: PlannedTool & { from: "npm" },
  { unpack, needlessScripts = [] }: Pick<NpmSource, "unpack" | "needlessScripts">,
): Directory {
  const { package: name, version, integrity } = verifiable(tool)
  return engineHost
    .toolboxWith("fetch-npm.sh", "unpack.sh")
    .withWorkdir("/download")
    .withExec([
      "sh",
      "/plan/fetch-npm.sh",
      `${name}@${version}`,
      integrity,
      needlessScripts.join(" "),
      ...unpackArguments(unpack),
    ])
    .directory("/unpacked")
}
