import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { spelling, type PlatformName } from "../../../../dagger/src/core/platforms.js"
import { PROJECT_ROOT } from "../../../host/paths.js"
import { SOURCES } from "./artefact.js"
import type { RunsPrograms } from "./base-root.js"
import { quote } from "./mmdebstrap.js"

const SCRIPTS = join(SOURCES, "foreign-root")
/** The pipeline installs packages on foreign platforms with the same scripts. */
const ACCELERATE = join(PROJECT_ROOT, "dagger/scripts/accelerate")

const PROGRAMS = "/native/accelerate/dpkg:/native/accelerate/bin"

/**
 * Lets mmdebstrap make a root of a foreign platform with the native programs of a finished root: its dpkg, and what maintainer scripts call.
 * The same packages are chosen, unpacked and configured in the same order, so that the result is the emulated one, byte for byte.
 *
 * @param nativeRootfs the host platform's root as a tar, unpacked in memory for the purpose
 */
export function foreignRoot(nativeRootfs: string, host: PlatformName, work: string): RunsPrograms {
  const native = join(work, "native-root")
  mkdirSync(native, { recursive: true })
  const words = [native, nativeRootfs, ACCELERATE, SCRIPTS, spelling(host).triplet].map(quote).join(" ")
  const hook = (script: string) => `sh ${quote(join(SCRIPTS, script))} "$1" ${words}`
  return {
    options: [
      "--skip=check/qemu",
      // For the dpkg that apt calls. mmdebstrap itself calls one by the PATH of its environment.
      `--aptopt=DPkg::Path "${PROGRAMS}:/usr/sbin:/usr/bin:/sbin:/bin"`,
      `--extract-hook=${hook("begin.sh")}`,
      `--customize-hook=${hook("end.sh")}`,
    ],
    env: { PATH: `${PROGRAMS}:${process.env["PATH"] ?? ""}` },
  }
}
