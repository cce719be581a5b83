import type { Container } from "@dagger.io/dagger"
import type { CheckContext } from "../../core/checks/check.js"
import { spelling, type PlatformName } from "../../core/platforms.js"
import type { CheckResult } from "../../core/report/report.js"
import { kindOf, rootfsScanSchema, type RootfsScan } from "../../core/checks/rootfs-scan.js"
import { ENTRYPOINT } from "../../core/variants/runtime-files.js"
import { pathsToKnow, staticChecks, type CheckedConfig } from "../../core/checks/static-checks.js"
import type { EngineHost } from "../engine/engine-host.js"
import { script } from "../engine/script.js"

const PROGRAM = "scan-rootfs.mjs"
const PARTS = [
  "elf.mjs",
  "identities.mjs",
  "keys.mjs",
  "leftovers.mjs",
  "libraries.mjs",
  "secrets.mjs",
  "tree.mjs",
].map((name) => `scan/${name}`)

/** Checks the image's files and configuration without executing anything from it. */
export async function inspect(engineHost: EngineHost, image: Container, context: CheckContext): Promise<CheckResult[]> {
  const config = await configOf(image)
  const scan = await scanRootfs(engineHost, image, context.platform, pathsToKnow(config))
  return staticChecks(context, scan, config, ENTRYPOINT)
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
  const toolbox = [PROGRAM, ...PARTS].reduce(
    (container, name) => container.withNewFile(`/scan/${name}`, script(name)),
    engineHost.toolbox,
  )
  const output = await toolbox
    .withMountedDirectory("/target", image.rootfs())
    .withExec(["node", `/scan/${PROGRAM}`, "/target", kindOf(platform), spelling(platform).triplet, ...paths])
    .stdout()
  return rootfsScanSchema.parse(JSON.parse(output))
}

/** How an image is configured to run. */
export async function configOf(image: Container): Promise<CheckedConfig> {
  const [user, workdir, entrypoint, variables, labels] = await Promise.all([
    image.user(),
    image.workdir(),
    image.entrypoint(),
    image.envVariables(),
    image.labels(),
  ])
  return { user, workdir, entrypoint, environment: await valuesOf(variables), labels: await valuesOf(labels) }
}

/** Names and values of entries that Dagger returns one by one. */
async function valuesOf(
  entries: readonly { name: () => Promise<string>; value: () => Promise<string> }[],
): Promise<Record<string, string>> {
  const pairs = await Promise.all(
    entries.map(async (entry): Promise<[string, string]> => [await entry.name(), await entry.value()]),
  )
  return Object.fromEntries(pairs)
}
