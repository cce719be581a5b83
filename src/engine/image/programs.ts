import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { makeOnce } from "../bare/artefacts/artefact.js"
import { binariesKey, goBuild } from "../bare/artefacts/binaries.js"
import type { GoToolchain } from "../bare/artefacts/go-toolchain.js"
import type { StateFolder } from "../bare/state/state-folder.js"

/** Dagger's client runs `buildctl dial-stdio` in the engine's container, to talk to the engine. */
const PROGRAMS = { buildctl: "github.com/dagger/dagger/cmd/dialstdio" } as const

/** Builds the programs that only an engine in a container needs, from the same modules as the engine. */
export async function buildImagePrograms(
  state: StateFolder,
  arch: string,
  go: () => Promise<GoToolchain>,
): Promise<string> {
  const folder = state.imagePrograms(binariesKey(arch))
  await makeOnce(folder, state.work, async (target) => {
    const toolchain = await go()
    mkdirSync(target, { recursive: true })
    for (const [name, source] of Object.entries(PROGRAMS))
      await goBuild(join(target, name), source, state.work, toolchain)
  })
  return folder
}
