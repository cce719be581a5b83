import type { Directory } from "@dagger.io/dagger"
import { readFileSync } from "node:fs"
import { startFiles } from "../../core/oci/start-files.js"
import { plannedTool } from "../../core/plan/plan.js"
import { DEFAULT_BASE } from "../../core/variants/bases.js"
import type { EngineHost } from "../engine/engine-host.js"
import { scriptsIn } from "../engine/script.js"
import { goToolchain } from "../image/tools.js"

/** Both entry points find it beside the module's source. */
const START_FILES = new URL("../../core/oci/start-files.json", import.meta.url)

/** What finish-layers.py needs for eStargz layers: a folder with the program `estargz`, and the list of the files that come first. */
export async function estargzTools(engineHost: EngineHost): Promise<{ program: Directory; startFiles: Directory }> {
  return {
    program: await compiled(engineHost),
    startFiles: engineHost.uploads.directory({
      "start-files.txt": `${startFiles(readFileSync(START_FILES, "utf8")).join("\n")}\n`,
    }),
  }
}

/**
 * Compiles the project's program with the catalog's Go, whose standard library compresses: so layers do not depend on the distribution's version.
 * go.sum has the checksums of the modules.
 */
async function compiled(engineHost: EngineHost): Promise<Directory> {
  const [toolchain] = plannedTool("go", engineHost.platform, "registry", DEFAULT_BASE)
  if (!toolchain) throw new Error("Go is not in the Go module proxy")
  const go = await goToolchain(engineHost, toolchain, {})
  return engineHost.toolbox
    .withMountedDirectory("/usr/local/go", go)
    .withMountedDirectory("/sources", engineHost.uploads.directory(scriptsIn("estargz")))
    .withExec(["sh", "-ec", COMPILE])
    .directory("/compiled")
}

const COMPILE = `export PATH=/usr/local/go/bin:$PATH GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0
cd /sources && go build -trimpath -buildvcs=false -ldflags="-s -w" -o /compiled/estargz .`
