import type { Directory } from "@dagger.io/dagger"
import { catalogTool, type Unpack } from "../../core/catalog/catalog.js"
import { verifiable, type PlannedTool } from "../../core/plan/plan.js"
import type { EngineHost } from "../engine/engine-host.js"
import { scripts } from "../engine/script.js"
import { fetched, unpackArguments, unpackedArchive } from "./unpacked.js"
import type { UpstreamAccess } from "./upstream.js"

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

/** Fetches a Go toolchain with the distribution's Go, from its configured proxy, and verifies it with the catalog's hash. */
export function unpackedGo(
  engineHost: EngineHost,
  tool: PlannedTool & { from: "go-toolchain" },
  unpack: Unpack,
): Directory {
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
