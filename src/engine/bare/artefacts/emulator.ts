import { copyFileSync, chmodSync } from "node:fs"
import { join } from "node:path"
import type { PlatformName } from "../../../../dagger/src/core/platforms.js"
import { exec } from "../../../host/exec.js"
import { keyOf, makeOnce } from "./artefact.js"
import { mmdebstrap } from "./mmdebstrap.js"
import type { PackageArchive } from "./package-archive.js"
import type { StateFolder } from "../state/state-folder.js"
import { SUITE } from "../state/version.js"
import { foreignPlatforms, emulatorProgram } from "../host/binfmt.js"

export function emulatorKey(host: PlatformName): string {
  return keyOf("/", [], [SUITE, host, ...foreignPlatforms(host)])
}

/**
 * QEMU of the suite's own version, whatever the host has: 10 is 2.6 times faster at apt's work than Debian 12's 7.2, and a
 * browser renders under it. The package's programs are static, so one file of it is enough.
 */
export async function fetchEmulator(
  state: StateFolder,
  key: string,
  work: string,
  host: PlatformName,
  packageArchive: () => Promise<PackageArchive>,
): Promise<string> {
  const folder = state.emulator(key)
  await makeOnce(folder, work, async (target) => {
    const root = `${target}-root`
    const archive = await packageArchive()
    await mmdebstrap(
      [...archive.options, "--variant=extract", "--include=qemu-user", SUITE, root, ...archive.sources],
      work,
    )
    for (const platform of foreignPlatforms(host)) {
      const program = emulatorProgram(target, platform)
      copyFileSync(emulatorProgram(join(root, "usr/bin"), platform), program)
      chmodSync(program, 0o755)
      // If the package is one day no longer static, it fails here and not in a container.
      await exec(program, ["--version"])
    }
    await exec("rm", ["-rf", "--one-file-system", root])
  })
  return folder
}
