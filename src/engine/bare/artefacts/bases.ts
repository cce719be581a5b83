import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { PLATFORMS, spelling, type PlatformName } from "../../../../dagger/src/core/platforms.js"
import { archiveOptions, type ArchiveOptions } from "./archive.js"
import { exec } from "../../../host/exec.js"
import { filesBelow, keyOf, makeOnce, SOURCES, workEnvironment } from "./artefact.js"
import { mmdebstrap } from "./mmdebstrap.js"
import { writeLayout } from "./oci-layout.js"
import type { StateFolder } from "../state/state-folder.js"
import { BASE_NAME, BASE_TAG, SUITE } from "../state/version.js"

/** Files that are copied over a fresh root, the same on every platform. */
const OVERLAY = join(SOURCES, "base")

/** Increased with every change to what this file builds, so that outdated images are not reused. */
const RECIPE = "4"

export function basesKey(): string {
  return keyOf(OVERLAY, filesBelow(OVERLAY), [SUITE, RECIPE, ...PLATFORMS])
}

/** The digest of the index in a finished bases folder. */
export function baseDigest(folder: string): string {
  return readFileSync(join(folder, "digest"), "utf8").trim()
}

/** The base image's reference on the engine, which gets it from its own mirror by the recorded digest. */
export function baseReference(digest: string): string {
  return `${BASE_NAME}@${digest}`
}

/**
 * Builds the base image of every platform from the distribution's signed package archive, as one OCI layout.
 *
 * Foreign platforms run under the emulator, which must be registered with the kernel by now. All platforms' files are no newer than the
 * archive's Release files, which also give the images their creation time, so that the same archive gives the same images.
 */
export async function makeBases(
  state: StateFolder,
  key: string,
  work: string,
  host: PlatformName,
  log: (line: string) => void,
): Promise<string> {
  const folder = state.bases(key)
  await makeOnce(folder, work, async (target) => {
    const archive = await archiveOptions()
    const created = await archiveDate(archive, work)
    const images = []
    for (const platform of [host, ...PLATFORMS.filter((other) => other !== host)]) {
      log(`bases: ${SUITE} for ${platform}${platform === host ? "" : ", emulated"}`)
      const rootfs = `${target}-${spelling(platform).arch}.tar`
      await makeRoot(archive, platform, host, created, rootfs, work)
      images.push({ platform, architecture: spelling(platform).arch, rootfs })
    }
    images.sort((a, b) => PLATFORMS.indexOf(a.platform) - PLATFORMS.indexOf(b.platform))
    const digest = await writeLayout(target, BASE_TAG, created.toISOString().replace(".000Z", "Z"), images)
    writeFileSync(join(target, "digest"), `${digest}\n`)
    for (const image of images) rmSync(image.rootfs)
  })
  return folder
}

async function makeRoot(
  archive: ArchiveOptions,
  platform: PlatformName,
  host: PlatformName,
  created: Date,
  rootfs: string,
  work: string,
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
      // The check looks for the host's qemu-user-static package, which our own kernel rule replaces.
      ...(platform === host ? [] : ["--skip=check/qemu"]),
      ...archive.options,
      ...hooks,
      SUITE,
      rootfs,
      ...archive.sources,
    ],
    work,
    { SOURCE_DATE_EPOCH: String(created.getTime() / 1000) },
  )
  // The container engine creates device nodes; the distribution's own image has none either.
  await exec("tar", ["--delete", "--wildcards", "-f", rootfs, "./dev/*"], { env: workEnvironment(work) })
}

/** The date of the newest Release file of the suite's sources, in whole seconds. */
async function archiveDate(archive: ArchiveOptions, work: string): Promise<Date> {
  const dates = join(work, "release-dates")
  await mmdebstrap(
    [
      "--variant=custom",
      "--format=null",
      ...archive.options,
      `--customize-hook=grep -h ^Date: "$1"/var/lib/apt/lists/*Release > ${quote(dates)}`,
      SUITE,
      "-",
      ...archive.sources,
    ],
    work,
  )
  return newestDate(readFileSync(dates, "utf8"))
}

/** @example newestDate("Date: Sat, 21 Nov 2026 09:15:44 UTC") ⇒ that moment */
export function newestDate(dateLines: string): Date {
  const times = dateLines
    .split("\n")
    .flatMap((line) => /^Date:\s*(.+)$/.exec(line)?.[1] ?? [])
    .map((date) => Date.parse(date))
    .filter((time) => !Number.isNaN(time))
  if (times.length === 0) throw new Error(`the archive's Release files of ${SUITE} have no date`)
  return new Date(Math.max(...times))
}

function quote(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`
}
