import { archOf, type PlatformName } from "../../../dagger/src/core/platforms.js"
import { clearWork } from "./artefacts/artefact.js"
import { basesKey, makeBases } from "./artefacts/bases.js"
import { binariesKey, buildBinaries } from "./artefacts/binaries.js"
import { buildContent, contentKey } from "./artefacts/content.js"
import { emulatorKey, fetchEmulator } from "./artefacts/emulator.js"
import type { GoToolchain } from "./artefacts/go-toolchain.js"
import { installPackages, registryProgram } from "./artefacts/host-packages.js"
import { readPackageArchive, type PackageArchive } from "./artefacts/package-archive.js"
import type { RunPhase } from "./phase.js"
import type { ArtefactKeys, StateFolder } from "./state/state-folder.js"
import { ENGINE_VERSION } from "./state/version.js"

/** The keys of the artefacts of this version of the program. The contents' key depends on the Go version. */
export function artefactKeys(
  host: PlatformName,
  goVersion: string | undefined,
): Omit<ArtefactKeys, "content"> & { content: string | undefined } {
  const binaries = binariesKey(archOf(host))
  return {
    binaries,
    emulator: emulatorKey(host),
    bases: basesKey(),
    content: goVersion === undefined ? undefined : contentKey(binaries, { version: goVersion }),
  }
}

/** Where each artefact is. All but the program are folders. */
export interface Artefacts {
  registryProgram: string
  binaries: string
  emulator: string
  bases: string
  content: string
}

export interface Making {
  state: StateFolder
  host: PlatformName
  go: GoToolchain
  phase: RunPhase
  /** Makes the kernel run foreign programs under the emulator in a folder. Base images of foreign platforms need it. */
  emulate: (emulator: string) => Promise<void>
  /** The package archive, read once for all, and only if something is made from it. */
  packageArchive: () => Promise<PackageArchive>
  log: (line: string) => void
}

/** Reads the package archive at the first call, and remembers it. */
export function lazyPackageArchive(work: string, host: PlatformName): () => Promise<PackageArchive> {
  let reading: Promise<PackageArchive> | undefined
  return () => (reading ??= readPackageArchive(work, host))
}

/** Makes what is not in the state folder yet, in parallel as far as one does not need another. Call it only with the lock held. */
export async function makeArtefacts(making: Making): Promise<Artefacts> {
  const { state, host, go, phase, packageArchive, log } = making
  const { work } = state
  const keys = artefactKeys(host, go.version)
  const installing = installPackages(state, log)
  const packages = phase("packages", "what this host lacks", async () => {
    await installing
    return registryProgram(state, work)
  })
  const stop = new AbortController()
  const contentOf = contentKey(keys.binaries, go)
  const compile = async () => {
    await installing
    return phase("binaries", `the engine ${ENGINE_VERSION} and its helpers, from Go modules`, () =>
      buildBinaries(state, keys.binaries, work, go),
    )
  }
  const building = compile()
  // Compiling uses every processor most of the time, but first it waits for the network, and in the end for the linker.
  const images = async () => {
    await installing
    const emulator = await phase("emulator", "QEMU, and the kernel's rule for it", async () => {
      const folder = await fetchEmulator(state, keys.emulator, work, host, packageArchive)
      await making.emulate(folder)
      return folder
    })
    const bases = await phase("bases", "base images", () =>
      makeBases(state, keys.bases, work, host, packageArchive, { stopped: stop.signal, log }),
    )
    const content = await phase("sdk-content", "the containers that run modules in Go and TypeScript", () =>
      buildContent(state, contentOf, work, { host, go, packageArchive, bases, binaries: building }),
    )
    return { emulator, bases, content }
  }
  const [program, binaries, folders] = await together(work, stop, [packages, building, images()])
  return { registryProgram: program, binaries, ...folders }
}

/** Waits for phases that run in parallel. When one fails, the processes that the others have started are ended, not waited for. */
async function together<T extends readonly Promise<unknown>[]>(
  work: string,
  stop: AbortController,
  phases: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  try {
    return await Promise.all(phases)
  } catch (error) {
    stop.abort()
    await clearWork(work)
    await Promise.allSettled(phases)
    throw error
  }
}
