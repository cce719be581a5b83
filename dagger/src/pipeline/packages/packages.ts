import { ExecError, type Container, type Directory } from "@dagger.io/dagger"
import { parseOrder } from "../../core/packages/install-method.js"
import { RunnerImagesError } from "../../core/errors.js"
import {
  filesForScripts,
  parseControl,
  parsePrintUris,
  unlocatedPackage,
  type ArchivedPackage,
} from "../../core/packages/resolved-packages.js"
import { spelling, PLATFORMS, type PlatformName } from "../../core/platforms.js"
import { parseReleases, type ReleaseFile } from "../../core/packages/releases.js"
import { closest } from "../../core/suggest.js"
import {
  installAccelerated,
  NotAccelerated,
  type EngineHostRoot,
  type NativeToolsRoot,
  type NativeToolsInstall,
} from "./acceleration.js"
import type { EngineHost } from "../engine/engine-host.js"
import { untimed, type Phase } from "../../core/progress/progress.js"
import { script } from "../engine/script.js"
import type { Uploads } from "../engine/uploads.js"
import type { InstallMethod } from "../../core/report/report.js"
import { installedPackages } from "../../core/packages/dpkg-status.js"

/** The state of the distribution's archive at one time. */
export interface Archive {
  releases: ReleaseFile[]
  /** apt's lists for every platform of the table. */
  lists: Directory
}

/**
 * Reads the archive's state, once for all platforms.
 *
 * @param cacheBuster the day, or a time for "now"; the same value is answered from the cache
 */
export async function readArchive(engineHost: EngineHost, cacheBuster: string): Promise<Archive> {
  const architectures = PLATFORMS.map((platform) => `"${spelling(platform).debian}";`).join(" ")
  const updated = engineHost.container
    .withMountedDirectory(
      "/plan",
      engineHost.uploads.directory({
        "releases.sh": script("releases.sh"),
        "apt.conf": `APT::Architectures { ${architectures} };\nAcquire::Languages "none";\n`,
      }),
    )
    .withEnvVariable("APT_CONFIG", "/plan/apt.conf")
    .withEnvVariable("ARCHIVE_CACHE_BUSTER", cacheBuster)
    .withExec(["sh", "/plan/releases.sh"])
  return { releases: parseReleases(await updated.stdout()), lists: updated.directory("/var/lib/apt/lists") }
}

/** The packages of an installation, before it happens. */
export interface ResolvedPackages {
  packages: ArchivedPackage[]
  /** Names of those that are only dependencies. */
  automatic: string[]
}

/**
 * Finds the package files that upgrade a platform's base to the archive's state and add the requested packages. Runs natively.
 *
 * @param root the root on which they will be installed
 * @throws RunnerImagesError PACKAGE_UNKNOWN when the archive does not have a requested package
 */
export async function resolvePackages(
  engineHost: EngineHost,
  archive: Archive,
  platform: PlatformName,
  requested: readonly string[],
  root: Container,
): Promise<ResolvedPackages> {
  const { debian } = spelling(platform)
  const status = root.file("/var/lib/dpkg/status")
  const config = [
    `APT::Architecture "${debian}";`,
    `APT::Architectures { "${debian}"; };`,
    `Dir::State::status "/target/status";`,
  ].join("\n")
  const apt = engineHost.container
    .withMountedDirectory("/var/lib/apt/lists", archive.lists)
    .withMountedFile("/target/status", status)
    .withMountedDirectory(
      "/plan",
      engineHost.uploads.directory({ "apt.conf": `${config}\n`, "resolve.sh": script("resolve.sh") }),
    )
    .withEnvVariable("APT_CONFIG", "/plan/apt.conf")
  let output: string
  try {
    output = await apt.withExec(["sh", "/plan/resolve.sh", ...requested]).stdout()
  } catch (error) {
    const unlocated = error instanceof ExecError ? unlocatedPackage(error.stderr) : undefined
    if (unlocated === undefined) throw error
    throw await packageUnknown(apt, platform, unlocated)
  }
  const packages = parsePrintUris(output)
  const automatic = packages.map((entry) => entry.name).filter((name) => !requested.includes(name))
  return { packages, automatic }
}

async function packageUnknown(apt: Container, platform: PlatformName, name: string): Promise<RunnerImagesError> {
  const known = (await apt.withExec(["apt-cache", "pkgnames"]).stdout()).split("\n")
  const meant = closest(name, known)
  return new RunnerImagesError(
    "PACKAGE_UNKNOWN",
    `The archive has no package "${name}" to install on ${platform}.`,
    meant !== undefined && meant !== name
      ? `Did you mean ${meant}?`
      : "Look for its name with apt-cache search, or at packages.debian.org.",
  )
}

/** Downloads the resolved package files, natively. The cache key is their URLs and checksums, so an unchanged set is never fetched again. */
export function download(engineHost: EngineHost, packages: readonly ArchivedPackage[]): Directory {
  const uris = packages.map(({ uri, file, sha256 }) => `${uri} ${file} ${sha256}\n`).join("")
  const downloaded = engineHost.container
    .withMountedDirectory("/plan", engineHost.uploads.directory({ uris, "download.sh": script("download.sh") }))
    .withExec(["sh", "/plan/download.sh"])
  return withControl(engineHost, downloaded).directory("/debs")
}

/** Adds the control fields of the package files to a container's /debs. */
export function withControl({ uploads }: Pick<EngineHost, "uploads">, container: Container): Container {
  return container
    .withMountedDirectory("/plan", uploads.directory({ "control.sh": script("control.sh") }))
    .withExec(["sh", "/plan/control.sh"])
}

/** A root with its packages, and how they were installed. */
export interface InstalledPackages {
  container: Container
  /** What each layer above the root is. */
  layers: string[]
  /** Names of the packages, in the order of their configuration. */
  order: readonly string[]
  installMethod: InstallMethod
  /** Why the packages were not installed with native binaries. */
  reason?: string
}

/** Packages to install on one platform's root. */
export interface PackageInstall {
  platform: PlatformName
  root: Container
  /** The package files, by their names in `packages`, and the output of `withControl`. */
  debs: Directory
  packages: readonly Pick<ArchivedPackage, "name" | "file">[]
  /** Names of those that are only dependencies. */
  automatic: readonly string[]
  /** dpkg's configuration in the image: the paths of packages that are not installed. */
  dpkgConfig: string
  uploads: Uploads
}

/** The first step of a native installation. */
export interface Unpacked extends NativeToolsRoot {
  /** Names of the package files that are not unpacked yet. */
  rest: string[]
}

/**
 * Unpacks the package files that take part in running scripts on a platform's root: another platform only uses programs of these. A
 * native installation begins with the same step, so it runs once for both.
 */
export async function unpackPackages(install: PackageInstall): Promise<Unpacked> {
  const { root, debs } = install
  const [control, status] = await Promise.all([
    debs.file("control").contents(),
    root.file("/var/lib/dpkg/status").contents(),
  ])
  const packages = parseControl(control)
  const installed = new Set(installedPackages(status).map(({ name }) => name))
  const first = filesForScripts(packages, installed)
  const container = withSteps(root, install, ["unpack"], first)
  return {
    container: withoutPlan(container),
    order: parseOrder(await container.stdout()),
    rest: packages.map(({ file }) => file).filter((file) => !first.includes(file)),
  }
}

/** The root whose programs another platform uses, while these packages are still being installed. */
export function nativeToolsOf(install: PackageInstall): NativeToolsInstall {
  return { root: install.root, unpacked: unpackPackages(install) }
}

/**
 * Installs package files on a platform's root, offline: the only place where packages get into an image.
 *
 * @param phase times each part of the work
 * @param nativeTools the same packages on the engine's own platform, at least unpacked by `unpackPackages`. With it, a foreign platform's
 *   packages are installed with native binaries; if that is impossible, or without it, the platform's own programs run under emulation.
 */
export async function installPackages(
  engineHost: EngineHostRoot,
  install: PackageInstall,
  nativeTools?: NativeToolsInstall,
  phase: Phase = untimed,
): Promise<InstalledPackages> {
  const { platform, root } = install
  let reason: string | undefined
  if (nativeTools) {
    try {
      const { container, order } = await installAccelerated(
        engineHost,
        { ...install, plan: planOf(install) },
        nativeTools,
        phase,
      )
      return { container, layers: ["packages", "their configuration"], order, installMethod: "accelerated" }
    } catch (error) {
      if (!(error instanceof NotAccelerated)) throw error
      reason = error.message
    }
  }
  if (platform === engineHost.platform) {
    const first = await phase("unpack", () => unpackPackages(install))
    const steps = first.rest.length > 0 ? (["add", "configure"] as const) : (["configure"] as const)
    const configured = withSteps(first.container, install, steps, first.rest)
    const log = await phase("configure", () => configured.stdout())
    return {
      container: withoutPlan(configured),
      layers: ["packages", "their configuration"],
      // The first step had to configure some in order to unpack others.
      order: [...new Set([...first.order, ...parseOrder(log)])],
      installMethod: "native",
    }
  }
  // In one step, because foreign programs start slowly.
  const installed = await phase("install", () => withSteps(root, install, ["unpack", "configure"]).sync())
  return {
    container: withoutPlan(installed),
    layers: ["packages"],
    order: parseOrder(await installed.stdout()),
    installMethod: "emulated",
    ...(reason === undefined ? {} : { reason }),
  }
}

/** The input that all install methods share, to be mounted at /plan. */
function planOf({ automatic, dpkgConfig }: PackageInstall): Record<string, string> {
  return {
    auto: automatic.map((name) => `${name}\n`).join(""),
    "dpkg.cfg": dpkgConfig,
    "maintainer-scripts.sh": script("maintainer-scripts.sh"),
    "mark-automatic.sh": script("mark-automatic.sh"),
    "clean-root.sh": script("clean-root.sh"),
  }
}

/**
 * Runs steps of `install.sh` with the root's own programs.
 *
 * @param files names of the package files to unpack; defaults to all
 */
function withSteps(
  root: Container,
  install: PackageInstall,
  steps: readonly ("unpack" | "add" | "configure")[],
  files?: readonly string[],
): Container {
  const plan = install.uploads.directory({
    ...planOf(install),
    "install.sh": script("install.sh"),
    ...(files ? { chosen: files.map((file) => `${file}\n`).join("") } : {}),
  })
  return root
    .withMountedDirectory("/debs", install.debs)
    .withMountedDirectory("/plan", plan)
    .withExec(["sh", "/plan/install.sh", spelling(install.platform).debian, ...steps])
}

function withoutPlan(container: Container): Container {
  return container.withoutMount("/debs").withoutMount("/plan")
}
