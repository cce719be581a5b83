import { ExecError, type File } from "@dagger.io/dagger"
import { fileURLToPath } from "node:url"
import { RunnerImagesError } from "../../core/errors.js"
import type { EngineHost } from "../engine/engine-host.js"
import { filesIn } from "../engine/uploads.js"
import { withGo } from "../image/go-program.js"

/** Both entry points find it beside the module's source. */
const SOURCES = fileURLToPath(new URL("../../../registry/", import.meta.url))

/**
 * The client of registries, compiled with the catalog's Go for the engine's own platform. The engine does it once, until a source changes.
 * go.sum has the checksums of the modules.
 *
 * @throws RunnerImagesError BUILD_FAILED
 */
export async function registryProgram(engineHost: EngineHost): Promise<File> {
  const sources = engineHost.uploads.directory(filesIn(SOURCES, (path) => path.endsWith("_test.go")))
  try {
    return await (
      await withGo(engineHost)
    )
      .withMountedDirectory("/sources", sources)
      .withExec(["sh", "-ec", COMPILE])
      .file("/compiled/registry")
      .sync()
  } catch (error) {
    if (!(error instanceof ExecError)) throw error
    throw new RunnerImagesError(
      "BUILD_FAILED",
      `The client of registries could not be compiled: ${error.stderr.trim().split("\n").at(-1) ?? ""}`,
      "Check that the engine can reach the distribution's package archive and the Go module proxy, and try again.",
      { cause: error },
    )
  }
}

const COMPILE = `export GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOSUMDB=off CGO_ENABLED=0
cd /sources && go build -trimpath -buildvcs=false -ldflags="-s -w" -o /compiled/registry .`
