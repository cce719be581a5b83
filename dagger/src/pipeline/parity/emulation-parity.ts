import { readFileSync } from "node:fs"
import {
  compareFileManifests,
  suppress,
  parseAllowList,
  renewAllowList,
  type AllowedDifference,
  type FileManifest,
} from "../../core/parity/file-manifest.js"
import {
  PARITY_SCHEMA_VERSION,
  ratioOf,
  type ParityReport,
  type ParityRequest,
  type InstallMethodReport,
} from "../../core/parity/emulation-parity.js"
import type { PlatformName } from "../../core/platforms.js"
import type { NativeToolsInstall } from "../packages/acceleration.js"
import { layersOf } from "../oci/layers.js"
import { manifestOf } from "./file-manifest.js"
import { withCacheBuster } from "../engine/engine-host.js"
import {
  foreignTo,
  packagesFor,
  preparePackageSet,
  type NativeInputs,
  resolved,
  type PackagesFor,
  type PackageSetContext,
} from "../image/package-set.js"
import { installPackages, nativeToolsOf, type InstalledPackages, type PackageInstall } from "../packages/packages.js"
import type { Progress } from "../../core/progress/progress.js"

/** The differences that two emulated installations also have. */
const ALLOW_LIST = new URL("../../core/parity/emulation-differences.json", import.meta.url)

export function readAllowList(): AllowedDifference[] {
  return parseAllowList(readFileSync(ALLOW_LIST, "utf8"))
}

/**
 * Installs the same packages on every foreign platform with native binaries and under emulation, one after the other, and compares
 * the roots path by path. Differences are in the reports, not thrown.
 */
export async function parity(
  request: ParityRequest,
  inputs: NativeInputs,
  progress: Progress,
): Promise<ParityReport[]> {
  const allowed = readAllowList()
  const context = await preparePackageSet(request, inputs, progress)
  const reports: ParityReport[] = []
  for (const variant of request.variants) {
    const names = packagesFor(request, variant)
    const nativeTools = await nativeToolsWith(context, names)
    for (const platform of foreignTo(context.engineHost)) {
      const { packages, accelerated, emulated } = await installBothWays(context, platform, names, nativeTools)
      reports.push({
        schemaVersion: PARITY_SCHEMA_VERSION,
        variant,
        platform,
        against: request.against,
        packages,
        paths: new Set([...accelerated.files.keys(), ...emulated.files.keys()]).size,
        accelerated: accelerated.report,
        emulated: emulated.report,
        ratio: ratioOf(accelerated.report, emulated.report),
        ...suppress(compareFileManifests(emulated.files, accelerated.files), allowed),
      })
    }
  }
  return reports
}

/**
 * Installs the same packages twice under emulation, compares the roots, and returns the resulting allow-list. The second
 * installation never comes from the engine's cache.
 *
 * @param cacheBuster the second installation's cache key
 */
export async function renewedAllowList(
  request: ParityRequest,
  inputs: NativeInputs,
  progress: Progress,
  cacheBuster: string,
): Promise<AllowedDifference[]> {
  let allowed = readAllowList()
  const context = await preparePackageSet(request, inputs, progress)
  for (const variant of request.variants)
    for (const platform of foreignTo(context.engineHost)) {
      const install = await resolved(context, platform, packagesFor(request, variant))
      const { files: first } = await go(context, install)
      const { files: second } = await go(context, { ...install, root: withCacheBuster(install.root, cacheBuster) })
      allowed = renewAllowList(
        allowed,
        compareFileManifests(first, second),
        new Set([...first.keys(), ...second.keys()]),
      )
    }
  return allowed
}

/** The packages on the engine's own platform, unpacked, which is enough to use their programs. */
export async function nativeToolsWith(context: PackageSetContext, names: PackagesFor): Promise<NativeToolsInstall> {
  const { engineHost, progress } = context
  const nativeTools = nativeToolsOf(await resolved(context, engineHost.platform, names))
  await progress.run(engineHost.platform, "packages", () => nativeTools.unpacked)
  return nativeTools
}

/** A root with its packages, and its files. */
export interface Arrived {
  installed: InstalledPackages
  files: FileManifest
  seconds: number
}

export interface BothInstallMethods {
  /** Number of installed package files. */
  packages: number
  accelerated: Arrived & { report: InstallMethodReport }
  emulated: Arrived & { report: InstallMethodReport }
}

/** Installs packages on a foreign platform with native binaries and under emulation. */
export async function installBothWays(
  context: PackageSetContext,
  platform: PlatformName,
  names: PackagesFor,
  nativeTools: NativeToolsInstall,
): Promise<BothInstallMethods> {
  const install = await resolved(context, platform, names)
  const measured = async (arrived: Arrived) => ({ ...arrived, report: await reportOf(context, platform, arrived) })
  // One after the other: in parallel they would share the processors and distort each other's times.
  const accelerated = await measured(await go(context, install, nativeTools))
  const emulated = await measured(await go(context, install))
  return { packages: install.packages.length, accelerated, emulated }
}

async function go(
  { engineHost, progress }: PackageSetContext,
  install: PackageInstall,
  nativeTools?: NativeToolsInstall,
): Promise<Arrived> {
  const start = performance.now()
  const installed = await progress.run(
    install.platform,
    nativeTools ? "packages with native binaries" : "packages",
    () => installPackages(engineHost, install, nativeTools),
  )
  const seconds = Math.round((performance.now() - start) / 10) / 100
  const files = await progress.run(install.platform, "files", () => manifestOf(engineHost, installed.container))
  return { installed, files, seconds }
}

async function reportOf(
  { engineHost, progress }: PackageSetContext,
  platform: PlatformName,
  { installed, seconds }: Arrived,
): Promise<InstallMethodReport> {
  const { container, layers: names, installMethod, reason } = installed
  const layers = await progress.run(platform, "layers", () => layersOf({ platform, container }, names, engineHost))
  return { installMethod, ...(reason === undefined ? {} : { reason }), seconds, layers }
}
