import { dag, type Container } from "@dagger.io/dagger"
import { addUser } from "../core/accounts.js"
import { RUNNER_FOLDERS, RUNNER_USER } from "../core/definitions.js"
import type { PlatformPlan, VariantPlan } from "../core/plan.js"
import type { Native } from "./native.js"
import { asPlatform } from "./platform.js"
import { installPackages, type ResolvedPackages } from "./packages.js"
import { withTool, type ToolSources } from "./tools.js"

/** What start-up runs; the arguments of `docker run IMAGE …` follow. */
export const ENTRYPOINT = ["/usr/bin/tini", "--", `${RUNNER_USER.home}/run.sh`]

/** Documentation is of no use to a job; licences stay. */
const DPKG_EXCLUDES = `path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-include=/usr/share/locale/locale.alias
`

const SUDOERS = `${RUNNER_USER.name} ALL=(ALL) NOPASSWD: ALL\n`

/** The platform's root with the variant's packages: the only layer whose making executes the platform's own programs. */
export function packagesLayer(native: Native, plan: PlatformPlan, resolved: ResolvedPackages): Container {
  const root = dag
    .container({ platform: asPlatform(plan.platform) })
    .from(native.base)
    .withNewFile("/etc/dpkg/dpkg.cfg.d/runner-images", DPKG_EXCLUDES)
  return installPackages(native, root, resolved)
}

/** Everything above the packages: user, tools, runner, configuration. Nothing of the platform is executed. */
export async function imageOf(
  native: Native,
  plan: VariantPlan,
  platform: PlatformPlan,
  packages: Container,
  sources: ToolSources,
  labels: Readonly<Record<string, string>>,
): Promise<Container> {
  let image = await withRunnerUser(packages)
  if (platform.packages.includes("sudo"))
    image = image.withNewFile(`/etc/sudoers.d/${RUNNER_USER.name}`, SUDOERS, { permissions: 0o440 })
  for (const tool of platform.tools) image = await withTool(native, image, tool, sources)
  for (const [name, value] of Object.entries(plan.environment)) image = image.withEnvVariable(name, value)
  for (const [name, value] of Object.entries(labels)) image = image.withLabel(name, value)
  return image
    .withUser(String(RUNNER_USER.uid))
    .withWorkdir(RUNNER_USER.home)
    .withEntrypoint(ENTRYPOINT)
    .withoutDefaultArgs()
}

async function withRunnerUser(image: Container): Promise<Container> {
  const read = (name: string) => image.file(`/etc/${name}`).contents()
  const [passwd, group, shadow, gshadow] = await Promise.all([
    read("passwd"),
    read("group"),
    read("shadow"),
    read("gshadow"),
  ])
  const files = addUser({ passwd, group, shadow, gshadow }, RUNNER_USER)
  const shadowGroup = /^shadow:[^:]*:(\d+):/m.exec(files.group)?.[1] ?? "0"
  const secret = { permissions: 0o640, owner: `0:${shadowGroup}` }
  const owner = `${String(RUNNER_USER.uid)}:${String(RUNNER_USER.gid)}`
  const folders = dag.directory()
  const withAccounts = image
    .withNewFile("/etc/passwd", files.passwd)
    .withNewFile("/etc/group", files.group)
    .withNewFile("/etc/shadow", files.shadow, secret)
    .withNewFile("/etc/gshadow", files.gshadow, secret)
  return RUNNER_FOLDERS.reduce((made, folder) => made.withDirectory(folder, folders, { owner }), withAccounts)
}
