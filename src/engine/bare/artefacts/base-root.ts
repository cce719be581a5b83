import { join } from "node:path"
import { spelling, type PlatformName } from "../../../../dagger/src/core/platforms.js"
import { exec } from "../../../host/exec.js"
import { SOURCES, workEnvironment } from "./artefact.js"
import { mmdebstrap, quote } from "./mmdebstrap.js"
import type { PackageArchive } from "./package-archive.js"
import { SUITE } from "../state/version.js"

/** Files that are copied over a fresh root, the same on every platform. */
export const OVERLAY = join(SOURCES, "base")

/** How mmdebstrap runs programs of the root that it makes. */
export interface RunsPrograms {
  options: readonly string[]
  env: Readonly<Record<string, string>>
}

const NATIVE: RunsPrograms = { options: [], env: {} }

/** By the kernel's rule. The check looks for the host's qemu-user-static package, which our own rule replaces. */
export const EMULATED: RunsPrograms = { options: ["--skip=check/qemu"], env: {} }

/** Makes the root file system of a platform's base image as a tar, which depends on the archive alone. */
export async function makeBaseRoot(
  archive: PackageArchive,
  platform: PlatformName,
  rootfs: string,
  work: string,
  runs: RunsPrograms = NATIVE,
): Promise<void> {
  const hooks = [
    // Before anything is unpacked, so that dpkg excludes the same files as in every later step.
    `--setup-hook=cp -rT ${quote(OVERLAY)} "$1"`,
    '--customize-hook=rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/log/*.log "$1"/var/log/apt "$1"/var/cache/ldconfig/aux-cache',
    '--customize-hook=rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/dpkg/dpkg.cfg.d/99mmdebstrap "$1"/etc/hostname "$1"/etc/resolv.conf',
    // mmdebstrap separates the sources with empty lines.
    '--customize-hook=sed -i /^$/d "$1"/etc/apt/sources.list',
    '--customize-hook=: > "$1"/etc/machine-id; mkdir -p "$1"/var/lib/apt/lists/partial',
  ]
  await mmdebstrap(
    [
      "--variant=minbase",
      `--arch=${spelling(platform).debian}`,
      ...archive.options,
      ...runs.options,
      ...hooks,
      SUITE,
      rootfs,
      ...archive.sources,
    ],
    work,
    { ...runs.env, SOURCE_DATE_EPOCH: String(archive.date.getTime() / 1000) },
  )
  // The container engine creates device nodes; the distribution's own image has none either.
  await exec("tar", ["--delete", "--wildcards", "-f", rootfs, "./dev/*"], { env: workEnvironment(work) })
}
