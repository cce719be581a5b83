import { dag, type Container } from "@dagger.io/dagger"
import { addUser } from "../core/accounts.js"
import { DPKG_EXCLUDES, RUNNER_FOLDERS, RUNNER_USER } from "../core/definitions.js"
import type { Healthcheck } from "../core/finish.js"
import type { PlatformPlan, VariantPlan } from "../core/plan.js"
import type { PlatformName } from "../core/platforms.js"
import type { Native } from "./native.js"
import { download, type InstalledPackages, type PackageInstall, type ResolvedPackages } from "./packages.js"
import { script } from "./script.js"
import { withTool, type ToolSources } from "./tools.js"

/** What start-up runs; the arguments of `docker run IMAGE …` follow. */
export const ENTRYPOINT = ["/usr/bin/tini", "--", `${RUNNER_USER.home}/run.sh`]

/** A container is healthy while its listener runs. pgrep does not count itself, and no shell repeats the pattern. */
export const HEALTHCHECK: Healthcheck = {
  command: ["/usr/bin/pgrep", "-f", "bin/Runner\\.Listener"],
  intervalSeconds: 30,
  timeoutSeconds: 10,
  startPeriodSeconds: 60,
  retries: 3,
}

const SUDOERS = `${RUNNER_USER.name} ALL=(ALL) NOPASSWD: ALL\n`

/** The resolved packages, to be installed on the bare base image as every image has them. */
export function packageInstall(native: Native, platform: PlatformName, resolved: ResolvedPackages): PackageInstall {
  const { packages, automatic } = resolved
  return {
    platform,
    root: native.root(platform),
    debs: download(native, packages),
    packages,
    automatic,
    dpkgConfig: DPKG_EXCLUDES,
  }
}

export interface FinishedContainer {
  container: Container
  /** What each layer is, from the base up. */
  layers: string[]
}

/** Everything above the packages: user, tools, runner, configuration. Nothing of the platform is executed. */
export async function imageOf(
  native: Native,
  plan: VariantPlan,
  platform: PlatformPlan,
  packages: InstalledPackages,
  sources: ToolSources,
  labels: Readonly<Record<string, string>>,
): Promise<FinishedContainer> {
  let image = await withRunnerUser(native, packages.container, platform.packages.includes("sudo"))
  const layers = ["base image", ...packages.layers, "user and folders"]
  for (const tool of platform.tools) {
    // The packages layer has those that the distribution packages.
    if (tool.from === "deb") continue
    image = await withTool(native, image, tool, sources)
    layers.push(tool.name)
  }
  for (const [name, value] of Object.entries(plan.environment)) image = image.withEnvVariable(name, value)
  for (const [name, value] of Object.entries(labels)) image = image.withLabel(name, value)
  const container = image
    .withUser(String(RUNNER_USER.uid))
    .withWorkdir(RUNNER_USER.home)
    .withEntrypoint(ENTRYPOINT)
    .withoutDefaultArgs()
  return { container, layers }
}

async function withRunnerUser(native: Native, image: Container, sudo: boolean): Promise<Container> {
  const read = (name: string) => image.file(`/etc/${name}`).contents()
  const [passwd, group, shadow, gshadow] = await Promise.all([
    read("passwd"),
    read("group"),
    read("shadow"),
    read("gshadow"),
  ])
  const files = addUser({ passwd, group, shadow, gshadow }, RUNNER_USER)
  const shadowGroup = /^shadow:[^:]*:(\d+):/m.exec(files.group)?.[1] ?? "0"
  const owner = `${String(RUNNER_USER.uid)}:${String(RUNNER_USER.gid)}`
  const texts = { ...files, ...(sudo ? { sudoers: SUDOERS } : {}) }
  const plan = Object.entries(texts).reduce((all, [name, text]) => all.withNewFile(name, text), dag.directory())
  // Laid out by one native exec, so that it is one layer with the right owners.
  const laidOut = native.container
    .withMountedDirectory("/plan", plan)
    .withExec([
      "sh",
      "-c",
      script("accounts.sh"),
      "accounts.sh",
      shadowGroup,
      RUNNER_USER.name,
      owner,
      ...RUNNER_FOLDERS,
    ])
    .directory("/laid-out")
  return image.withDirectory("/", laidOut)
}
