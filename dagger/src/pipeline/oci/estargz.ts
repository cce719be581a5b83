import type { Directory } from "@dagger.io/dagger"
import { readFileSync } from "node:fs"
import { startFiles } from "../../core/oci/start-files.js"
import type { EngineHost } from "../engine/engine-host.js"
import { scriptsIn } from "../engine/script.js"
import { withGo } from "../image/go-program.js"

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
  return (await withGo(engineHost))
    .withMountedDirectory("/sources", engineHost.uploads.directory(scriptsIn("estargz")))
    .withExec(["sh", "-ec", COMPILE])
    .directory("/compiled")
}

const COMPILE = `export GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOSUMDB=off CGO_ENABLED=0
cd /sources && go build -trimpath -buildvcs=false -ldflags="-s -w" -o /compiled/estargz .`
