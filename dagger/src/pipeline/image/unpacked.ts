import type { Directory, File } from "@dagger.io/dagger"
import type { Unpack } from "../../core/catalog/catalog.js"
import { verifiable, type PlannedTool } from "../../core/plan/plan.js"
import { assetName } from "../../core/plan/sources.js"
import type { EngineHost } from "../engine/engine-host.js"
import { fetchUpstream, type UpstreamAccess } from "./upstream.js"

/** A tool's upstream file, with the name that its vendor gave it. */
export async function fetched(
  engineHost: EngineHost,
  tool: PlannedTool & { from: "upstream" },
  access: UpstreamAccess,
): Promise<{ name: string; file: File }> {
  const { url, sha256 } = verifiable(tool)
  const name = assetName(url)
  return { name, file: await fetchUpstream(engineHost, { name, url, sha256 }, access) }
}

/** The files of an archive. */
export function unpackedArchive(engineHost: EngineHost, file: File, name: string, unpack: Unpack): Directory {
  return engineHost
    .toolboxWith("unpack.sh")
    .withMountedFile(`/download/${name}`, file)
    .withExec(["sh", "/plan/unpack.sh", `/download/${name}`, ...unpackArguments(unpack)])
    .directory("/unpacked")
}

/** Arguments of unpack.sh: how many leading folders to remove, then `+path` for the only paths to unpack and `-path` for paths to leave out. */
export function unpackArguments(unpack: Unpack): string[] {
  if (unpack.kind === "program") return ["0"]
  return [
    String(unpack.strip),
    ...(unpack.only ?? []).map((path) => `+${path}`),
    ...(unpack.exclude ?? []).map((path) => `-${path}`),
  ]
}
