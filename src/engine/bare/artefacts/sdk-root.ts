import { mmdebstrap, quote } from "./mmdebstrap.js"
import type { PackageArchive } from "./package-archive.js"
import { SUITE } from "../state/version.js"

/**
 * Makes a root of the host's platform as a folder: the base image's files with packages added.
 *
 * @param base the base image's layer, a compressed tar
 * @param target a folder that does not exist yet
 */
export async function makeSdkRoot(
  archive: PackageArchive,
  base: string,
  packages: readonly string[],
  target: string,
  work: string,
): Promise<void> {
  // As mmdebstrap itself calls apt: outside, with the host's certificates, and its dpkg inside.
  const install = [
    "apt-get -y -qq -o Dir::Bin::dpkg=env -o DPkg::Options::=--unset=TMPDIR -o DPkg::Options::=dpkg",
    '-o DPkg::Chroot-Directory="$1" install',
    ...packages,
  ].join(" ")
  await mmdebstrap(
    [
      "--variant=custom",
      "--format=directory",
      `--setup-hook=tar -xpf ${quote(base)} -C "$1"`,
      ...archive.options,
      `--customize-hook=APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" ${install}`,
      '--customize-hook=rm -rf "$1"/var/cache/apt/*.bin "$1"/var/log/*.log "$1"/var/log/apt "$1"/etc/apt/apt.conf.d/99mmdebstrap',
      '--customize-hook=rm -f "$1"/etc/hostname "$1"/etc/resolv.conf; sed -i /^$/d "$1"/etc/apt/sources.list',
      SUITE,
      target,
      ...archive.sources,
    ],
    work,
    { SOURCE_DATE_EPOCH: String(archive.date.getTime() / 1000) },
  )
}
