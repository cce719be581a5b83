import { dag, type Container, type Directory, type File } from "@dagger.io/dagger"
import { join } from "node:path"
import { catalogTool, type NpmSource, type Unpack } from "../../core/catalog/catalog.js"
import { verifiable, type PlannedTool } from "../../core/plan/plan.js"
import { assetName } from "../../core/plan/sources.js"
import type { EngineHost } from "../engine/engine-host.js"
import { scripts } from "../engine/script.js"
import { filesIn } from "../engine/uploads.js"
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
    case "project": {
      const { registry } = entry
      if (registry.kind !== "project") throw new Error(`${tool.name} is not a program of this project`)
      const files = asSingleLayer(engineHost, engineHost.uploads.directory(filesIn(join(sources.docker, tool.folder))))
      return image.withDirectory(registry.into, files, owner)
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

/**
 * The files of a Go toolchain, which need not be that of an image.
 *
 * @throws RunnerImagesError CHECKSUM_UNKNOWN, and DOWNLOAD_MISMATCH or DOWNLOAD_FAILED as in {@link fetchUpstream}
 */
export async function goToolchain(
  engineHost: EngineHost,
  tool: PlannedTool,
  access: UpstreamAccess,
): Promise<Directory> {
  const { registry, upstream } = catalogTool("go")
  if (tool.from === "go-toolchain" && registry.kind === "go-toolchain")
    return unpackedGo(engineHost, tool, registry.unpack)
  if (tool.from !== "upstream" || !upstream) throw new Error(`there is no Go toolchain from ${tool.from}`)
  const { name, file } = await fetched(engineHost, tool, access)
  return unpackedArchive(engineHost, file, name, upstream.unpack)
}

async function fetched(
  engineHost: EngineHost,
  tool: PlannedTool & { from: "upstream" },
  access: UpstreamAccess,
): Promise<{ name: string; file: File }> {
  const { url, sha256 } = verifiable(tool)
  const name = assetName(url)
  return { name, file: await fetchUpstream(engineHost, { name, url, sha256 }, access) }
}

/** The folder or file where a tool's files are placed. */
export function placeOf(tool: PlannedTool): string | undefined {
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

/** Fetches a Go toolchain with the distribution's Go, from its configured proxy, and verifies it with the catalog's hash. */
function unpackedGo(engineHost: EngineHost, tool: PlannedTool & { from: "go-toolchain" }, unpack: Unpack): Directory {
  const { module, sum } = verifiable(tool)
  return engineHost.toolbox
    .withExec([
      "sh",
      "-c",
      "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends golang-go >/dev/null",
    ])
    .withMountedDirectory("/plan", engineHost.uploads.directory(scripts(["fetch-go.sh", "unpack.sh"])))
    .withWorkdir("/download")
    .withExec(["sh", "/plan/fetch-go.sh", module, sum, ...unpackArguments(unpack)])
    .directory("/unpacked")
}

function unpackedArchive(engineHost: EngineHost, file: File, name: string, unpack: Unpack): Directory {
  return engineHost
    .toolboxWith("unpack.sh")
    .withMountedFile(`/download/${name}`, file)
    .withExec(["sh", "/plan/unpack.sh", `/download/${name}`, ...unpackArguments(unpack)])
    .directory("/unpacked")
}

/** Arguments of unpack.sh: how many leading folders to remove, then `+path` for the only paths to unpack and `-path` for paths to leave out. */
function unpackArguments(unpack: Unpack): string[] {
  if (unpack.kind === "program") return ["0"]
  return [
    String(unpack.strip),
    ...(unpack.only ?? []).map((path) => `+${path}`),
    ...(unpack.exclude ?? []).map((path) => `-${path}`),
  ]
}
