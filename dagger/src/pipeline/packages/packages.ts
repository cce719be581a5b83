import { ExecError, type Container, type Directory, type Service } from "@dagger.io/dagger"
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
import { goneOf, lockError, preferencesOf, unlockedOf, type LockProblems } from "../../core/packages/lock.js"
import { providersIn, unknownPackage } from "../../core/packages/unknown-package.js"
import {
  installAccelerated,
  NotAccelerated,
  type EngineHostRoot,
  type NativeToolsRoot,
  type NativeToolsInstall,
} from "./acceleration.js"
import type { EngineHost } from "../engine/engine-host.js"
import { LISTS, SNAPSHOT_CONFIG, withPackageFiles, withSnapshots, type Archive } from "../engine/package-archive.js"
import { untimed, type Phase } from "../../core/progress/progress.js"
import { script, scripts } from "../engine/script.js"
import type { Uploads } from "../engine/uploads.js"
import type { InstallMethod, LockedPackage } from "../../core/report/report.js"
import { installedPackages } from "../../core/packages/dpkg-status.js"

/** The packages of an installation, before it happens. */
export interface ResolvedPackages {
  packages: ArchivedPackage[]
  /** Names of those that are only dependencies. */
  automatic: string[]
  /** The server that has them, if containers reach it only as a service. */
  service?: Service
}

/**
 * Finds the package files that upgrade a platform's base to the archive's state and add the requested packages. Runs natively.
 *
 * @param root the root on which they will be installed
 * @param locked the only packages that may be used, in these versions; the newest if undefined
 * @throws RunnerImagesError PACKAGE_UNKNOWN when the archive does not have a requested package, LOCK_INVALID when it lacks a locked one
 */
export async function resolvePackages(
  engineHost: EngineHost,
  archive: Archive,
  platform: PlatformName,
  requested: readonly string[],
  root: Container,
  locked?: readonly LockedPackage[],
): Promise<ResolvedPackages> {
  const { debian } = spelling(platform)
  const status = root.file("/var/lib/dpkg/status")
  const config = [
    `APT::Architecture "${debian}";`,
    `APT::Architectures { "${debian}"; };`,
    `Dir::State::status "/target/status";`,
    ...(locked ? [`Dir::Etc::Preferences "/plan/preferences";`] : []),
    ...(archive.sources ? [SNAPSHOT_CONFIG] : []),
  ].join("\n")
  const apt = withSnapshots(engineHost.container, { sources: archive.sources })
    .withMountedDirectory(LISTS, archive.lists)
    .withMountedFile("/target/status", status)
    .withMountedDirectory(
      "/plan",
      engineHost.uploads.directory({
        "apt.conf": `${config}\n`,
        "resolve.sh": script("resolve.sh"),
        ...(locked ? { preferences: preferencesOf(locked) } : {}),
      }),
    )
    .withEnvVariable("APT_CONFIG", "/plan/apt.conf")
  let output: string
  try {
    output = await apt.withExec(["sh", "/plan/resolve.sh", ...requested]).stdout()
  } catch (error) {
    const problems = error instanceof ExecError && locked ? await lockProblems(apt, requested, locked) : undefined
    if (problems) throw lockError(platform, problems)
    const unlocated = error instanceof ExecError ? unlocatedPackage(error.stderr) : undefined
    if (unlocated === undefined) throw error
    const providers = await apt.withExec(["apt-cache", "showpkg", unlocated]).stdout()
    throw unknownPackage(unlocated, platform, await archiveNames(engineHost, archive), providersIn(providers))
  }
  const packages = parsePrintUris(output)
  const automatic = packages.map((entry) => entry.name).filter((name) => !requested.includes(name))
  return { packages, automatic, ...(archive.service ? { service: archive.service } : {}) }
}

/** Why apt finds no solution with a lock; undefined if that is not because of the lock. */
async function lockProblems(
  apt: Container,
  requested: readonly string[],
  locked: readonly LockedPackage[],
): Promise<LockProblems | undefined> {
  const free = ["-o", "Dir::Etc::Preferences=/dev/null"]
  const names = locked.map(({ name }) => name)
  const gone = goneOf(locked, await apt.withExec(["apt-cache", ...free, "madison", ...names]).stdout())
  const unlocked = await apt
    .withExec(["sh", "/plan/resolve.sh", ...free, ...requested])
    .stdout()
    .then(
      (output) => unlockedOf(locked, parsePrintUris(output)),
      (error: unknown) => {
        // Nor is there one without the lock.
        if (error instanceof ExecError) return []
        throw error
      },
    )
  return gone.length + unlocked.length > 0 ? { gone, unlocked } : undefined
}

/** Names of all packages that the archive has, by platform. */
export async function archiveNames(engineHost: EngineHost, { lists }: Archive): Promise<Map<PlatformName, string[]>> {
  const entries = await Promise.all(
    PLATFORMS.map(async (platform): Promise<[PlatformName, string[]]> => {
      const text = await engineHost.container
        .withMountedDirectory(LISTS, lists)
        .withMountedDirectory("/plan", engineHost.uploads.directory(scripts(["archive-names.sh"])))
        .withExec(["sh", "/plan/archive-names.sh", spelling(platform).debian], {
          redirectStdout: "/names",
        })
        .file("/names")
        .contents()
      const names = text.split("\n").filter((name) => name !== "")
      // An empty archive would explain every missing package.
      if (names.length === 0)
        throw new RunnerImagesError("BUILD_FAILED", `The archive has no packages for ${platform}.`, "Please report it.")
      return [platform, names]
    }),
  )
  return new Map(entries)
}

/** Downloads the resolved package files, natively. The cache key is their URLs and checksums, so an unchanged set is never fetched again. */
export function download(
  engineHost: EngineHost,
  { packages, service }: Pick<ResolvedPackages, "packages" | "service">,
): Directory {
  return withControl(engineHost, withPackageFiles(engineHost, packages, service)).directory("/debs")
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
