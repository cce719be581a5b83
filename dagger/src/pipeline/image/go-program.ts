import type { Container, Directory } from "@dagger.io/dagger"
import { join } from "node:path"
import { plannedTool, type PlannedTool } from "../../core/plan/plan.js"
import { PLATFORMS, spelling } from "../../core/platforms.js"
import { DEFAULT_BASE } from "../../core/variants/bases.js"
import { LOADER } from "../../core/variants/runtime-files.js"
import type { EngineHost } from "../engine/engine-host.js"
import { filesIn } from "../engine/uploads.js"
import { goToolchain } from "./go-toolchain.js"

const LAY_OUT = "lay-out.sh"

/**
 * A native container with the catalog's Go, for programs of this project: they depend on that version and on their go.mod and go.sum, not
 * on the distribution's.
 */
export async function withGo(engineHost: EngineHost): Promise<Container> {
  const [toolchain] = plannedTool("go", engineHost.platform, "registry", DEFAULT_BASE)
  if (!toolchain) throw new Error("Go is not in the Go module proxy")
  const { toolbox } = engineHost
  return toolbox
    .withMountedDirectory("/usr/local/go", await goToolchain(engineHost, toolchain, {}))
    .withEnvVariable("PATH", "/usr/local/go/bin:$PATH", { expand: true })
}

/**
 * The files of the runner that is a Go program, for one platform. One native step compiles it for all platforms, whichever are requested, so
 * that it is done once.
 *
 * @param docker absolute path of the project's `docker/` folder on this program's machine
 */
export async function goProgramFiles(
  engineHost: EngineHost,
  { folder, arch }: PlannedTool & { from: "go-program" },
  docker: string,
): Promise<Directory> {
  const { uploads, toolbox } = engineHost
  const files = filesIn(join(docker, folder), (path) => path.endsWith("_test.go"))
  // Each step gets only what it uses, so that a change of the other's files does not repeat it.
  const some = (used: (path: string) => boolean) =>
    uploads.directory(Object.fromEntries(Object.entries(files).filter(([path]) => used(path))))
  const isLaidOut = (path: string) => path.startsWith("layout/") || path === LAY_OUT
  const compiled = (await withGo(engineHost))
    .withMountedDirectory(
      "/sources",
      some((path) => !isLaidOut(path)),
    )
    .withWorkdir("/sources")
    .withExec(["sh", "compile.sh", "/compiled", ...PLATFORMS.map((platform) => spelling(platform).arch)])
    .directory("/compiled")
  return toolbox
    .withMountedDirectory("/compiled", compiled)
    .withMountedDirectory("/sources", some(isLaidOut))
    .withWorkdir("/sources")
    .withExec(["sh", LAY_OUT, "/compiled", arch, LOADER.of, "/runner"])
    .directory("/runner")
}
