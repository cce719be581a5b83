import { dag, type Container, type Directory } from "@dagger.io/dagger"
import { assertMatchesLock, parsePrintUris, type ArchivedPackage } from "../core/packages.js"
import { spelling, PLATFORMS, type PlatformName } from "../core/platforms.js"
import { parseReleases, type ReleaseFile } from "../core/releases.js"
import type { LockedPackage } from "../core/report.js"
import type { Native } from "./native.js"
import { asPlatform } from "./platform.js"
import { script } from "./script.js"

/** The distribution's archive at one moment. */
export interface Archive {
  releases: ReleaseFile[]
  /** apt's lists for every platform of the table. */
  lists: Directory
}

/**
 * Asks for the archive's state, once for all platforms.
 *
 * @param moment what makes the question new: the day, or a time for "now"; the same moment is answered from the cache
 */
export async function readArchive(native: Native, moment: string): Promise<Archive> {
  const architectures = PLATFORMS.map((platform) => `"${spelling(platform).debian}";`).join(" ")
  const updated = native.container
    .withNewFile(
      "/etc/apt/apt.conf.d/99architectures",
      `APT::Architectures { ${architectures} };\nAcquire::Languages "none";\n`,
    )
    .withEnvVariable("ARCHIVE_MOMENT", moment)
    .withExec(["sh", "-c", script("releases.sh")])
  return { releases: parseReleases(await updated.stdout()), lists: updated.directory("/var/lib/apt/lists") }
}

/** What an installation consists of, before it happens. */
export interface ResolvedPackages {
  packages: ArchivedPackage[]
  /** Names of those that nobody asked for. */
  automatic: string[]
}

/**
 * Finds the package files that bring a platform's base to the archive's state and add the requested packages. Runs natively.
 *
 * @param locked exact packages of an earlier build to have instead of the newest
 * @throws RunnerImagesError LOCK_INVALID when the archive no longer has them
 */
export async function resolvePackages(
  native: Native,
  archive: Archive,
  platform: PlatformName,
  requested: readonly string[],
  locked?: readonly LockedPackage[],
): Promise<ResolvedPackages> {
  const { debian } = spelling(platform)
  const status = dag
    .container({ platform: asPlatform(platform) })
    .from(native.base)
    .file("/var/lib/dpkg/status")
  const config = [
    `APT::Architecture "${debian}";`,
    `APT::Architectures { "${debian}"; };`,
    `Dir::State::status "/target/status";`,
  ].join("\n")
  const output = await native.container
    .withMountedDirectory("/var/lib/apt/lists", archive.lists)
    .withMountedFile("/target/status", status)
    .withNewFile("/target/apt.conf", `${config}\n`)
    .withEnvVariable("APT_CONFIG", "/target/apt.conf")
    .withExec(["sh", "-c", script("resolve.sh"), "resolve.sh", ...requested])
    .stdout()
  const packages = parsePrintUris(output)
  if (locked) assertMatchesLock(platform, packages, locked)
  const automatic = packages.map((entry) => entry.name).filter((name) => !requested.includes(name))
  return { packages, automatic }
}

/** Downloads the resolved package files, natively. Keyed by their checksums alone, so an unchanged set is never fetched again. */
function download(native: Native, packages: readonly ArchivedPackage[]): Directory {
  const uris = packages.map(({ uri, file, sha256 }) => `${uri} ${file} ${sha256}\n`).join("")
  return native.container
    .withMountedDirectory("/plan", dag.directory().withNewFile("uris", uris))
    .withExec(["sh", "-c", script("download.sh")])
    .directory("/debs")
}

/**
 * Installs resolved packages on a platform's root: the one place where packages get into an image.
 * A foreign platform's maintainer scripts run under emulation.
 *
 * @param dpkgConfig dpkg's configuration in the image: what of every package is left out
 */
export function installPackages(
  native: Native,
  root: Container,
  resolved: ResolvedPackages,
  dpkgConfig: string,
): Container {
  const automatic = resolved.automatic.map((name) => `${name}\n`).join("")
  return root
    .withMountedDirectory("/debs", download(native, resolved.packages))
    .withMountedDirectory("/plan", dag.directory().withNewFile("auto", automatic).withNewFile("dpkg.cfg", dpkgConfig))
    .withExec(["sh", "-c", script("install.sh")])
    .withoutMount("/debs")
    .withoutMount("/plan")
}
