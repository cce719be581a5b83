import { cpSync, mkdtempSync } from "node:fs"
import { join } from "node:path"
import { filesBelow, keyOf, makeOnce, SOURCES } from "./artefact.js"
import { runTool } from "./build-tool.js"
import { goEnvironment, type GoToolchain } from "./go-toolchain.js"
import type { StateFolder } from "../state/state-folder.js"
import { ENGINE_VERSION } from "../state/version.js"

const GO_SOURCES = join(SOURCES, "go")

/** go.mod, go.sum and distconsts decide every byte of the sources; checksums in go.sum are complete. */
export function binariesKey(hostArch: string): string {
  return keyOf(GO_SOURCES, filesBelow(GO_SOURCES), [ENGINE_VERSION, hostArch])
}

/**
 * The compiler collects garbage less often while a process stays below this size, and as usual above it. Two or so run at a time.
 */
const COMPILER_MEMORY = { GOGC: "400", GOMEMLIMIT: "768MiB" }

/**
 * Builds engine, dagger (the CLI), codegen, init and dnsname from Go modules into the state folder.
 *
 * `github.com/dagger/dagger` has replace directives, so `go install …@version` refuses it: `go/go.mod` requires it from a module
 * of our own and repeats them.
 */
export async function buildBinaries(state: StateFolder, key: string, work: string, go: GoToolchain): Promise<string> {
  const folder = state.binaries(key)
  await makeOnce(folder, work, (target) => goBuild(`${target}/`, "tool", work, go))
  return folder
}

/**
 * Builds programs of the engine's modules.
 *
 * @param output a file, or a folder with a slash at its end
 * @param packages as the Go command names them
 */
export async function goBuild(output: string, packages: string, work: string, go: GoToolchain): Promise<void> {
  const sources = mkdtempSync(join(work, "go-sources-"))
  cpSync(GO_SOURCES, sources, { recursive: true })
  const flags = [
    "-s",
    "-w",
    `-X github.com/dagger/dagger/engine.Version=${ENGINE_VERSION}`,
    `-X github.com/dagger/dagger/engine.Tag=${ENGINE_VERSION}`,
  ]
  await runTool(
    go.program,
    [
      "build",
      "-trimpath",
      "-o",
      output,
      "-tags",
      "dfexcludepatterns,dfparents",
      // -s and -w drop what debuggers read, so that the compiler need not write it: a sixth of its work.
      "-gcflags=all=-dwarf=false",
      "-ldflags",
      flags.join(" "),
      packages,
    ],
    work,
    { cwd: sources, env: { ...goEnvironment(), ...COMPILER_MEMORY } },
  )
}
