import { cpSync } from "node:fs"
import { join } from "node:path"
import { exec } from "../../../host/exec.js"
import { filesBelow, keyOf, makeOnce, SOURCES, workEnvironment } from "./artefact.js"
import { goEnvironment, type GoToolchain } from "./go-toolchain.js"
import type { StateFolder } from "../state/state-folder.js"
import { ENGINE_VERSION } from "../state/version.js"

const GO_SOURCES = join(SOURCES, "go")

/** go.mod, go.sum and distconsts decide every byte of the sources; checksums in go.sum are complete. */
export function binariesKey(hostArch: string): string {
  return keyOf(GO_SOURCES, filesBelow(GO_SOURCES), [ENGINE_VERSION, hostArch])
}

/**
 * Builds engine, dagger (the CLI), codegen, init and dnsname from Go modules into the state folder.
 *
 * `github.com/dagger/dagger` has replace directives, so `go install …@version` refuses it: `go/go.mod` requires it from a module
 * of our own and repeats them.
 */
export async function buildBinaries(state: StateFolder, key: string, work: string, go: GoToolchain): Promise<string> {
  const folder = state.binaries(key)
  await makeOnce(folder, work, async (target) => {
    const sources = `${target}-sources`
    cpSync(GO_SOURCES, sources, { recursive: true })
    const flags = [
      "-s",
      "-w",
      `-X github.com/dagger/dagger/engine.Version=${ENGINE_VERSION}`,
      `-X github.com/dagger/dagger/engine.Tag=${ENGINE_VERSION}`,
    ]
    await exec(
      go.program,
      [
        "build",
        "-trimpath",
        "-o",
        `${target}/`,
        "-tags",
        "dfexcludepatterns,dfparents",
        "-ldflags",
        flags.join(" "),
        "tool",
      ],
      { cwd: sources, env: { ...workEnvironment(work), ...goEnvironment() } },
    )
  })
  return folder
}
