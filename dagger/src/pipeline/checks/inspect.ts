import type { Container } from "@dagger.io/dagger"
import { spelling, type PlatformName } from "../../core/platforms.js"
import type { CheckResult, InstalledSoftware } from "../../core/report/report.js"
import { installedSoftware } from "../../core/sbom/installed.js"
import { kindOf, rootfsScanSchema, type RootfsScan } from "../../core/checks/rootfs-scan.js"
import { ENTRYPOINT, SHIPPED_MODES } from "../../core/variants/runtime-files.js"
import { packagesOfImage } from "../../core/checks/shipped.js"
import { pathsToKnow, staticChecks } from "../../core/checks/static-checks.js"
import type { EngineHost } from "../engine/engine-host.js"
import { factsOf } from "../engine/read-container.js"
import { withoutLabels, type Checkable } from "./own-layers.js"

const PROGRAM = "scan-rootfs.mjs"
const PARTS = [
  "elf.mjs",
  "identities.mjs",
  "keys.mjs",
  "leftovers.mjs",
  "libraries.mjs",
  "npm.mjs",
  "packages.mjs",
  "secrets.mjs",
  "tree.mjs",
].map((name) => `scan/${name}`)

/** What was found in an image's files and configuration. */
export interface Inspection {
  checks: CheckResult[]
  installed: InstalledSoftware
}

/** Checks the image's files and configuration, and lists what is installed, without executing anything from it. */
export async function inspect(engineHost: EngineHost, image: Checkable): Promise<Inspection> {
  const { context } = image
  const { configuration, status, setupInfo } = await factsOf(image.container)
  const scan = await scanRootfs(engineHost, withoutLabels(image), context.platform, pathsToKnow(configuration))
  const checks = staticChecks(context, scan, { ...configuration, setupInfo }, ENTRYPOINT, packagesOfImage(status))
  return { checks, installed: installedSoftware(status, scan.npm) }
}

/**
 * Scans every file of the image from a native container.
 *
 * @param paths further paths to report on, following symbolic links
 */
export async function scanRootfs(
  engineHost: EngineHost,
  image: Container,
  platform: PlatformName,
  paths: readonly string[],
): Promise<RootfsScan> {
  const output = await engineHost
    .toolboxWith(PROGRAM, ...PARTS)
    .withMountedDirectory("/target", image.rootfs())
    .withExec([
      ...["node", `/plan/${PROGRAM}`],
      ...["/target", kindOf(platform), spelling(platform).triplet, SHIPPED_MODES, ...paths],
    ])
    .stdout()
  return rootfsScanSchema.parse(JSON.parse(output))
}
