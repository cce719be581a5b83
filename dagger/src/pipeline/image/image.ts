import type { Container } from "@dagger.io/dagger"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { addUser, ownedFoldersText, type AccountFiles } from "../../core/packages/accounts.js"
import { DPKG_EXCLUDES } from "../../core/variants/definitions.js"
import { environmentOn, type PlannedTool, type VariantPlan } from "../../core/plan/plan.js"
import type { BuildFacts } from "../../core/plan/labels.js"
import { ENTRYPOINT } from "../../core/variants/runtime-files.js"
import type { PlatformName } from "../../core/platforms.js"
import type { EngineHost } from "../engine/engine-host.js"
import { download, type PackageInstall, type ResolvedPackages } from "../packages/packages.js"
import { filesOf } from "../engine/read-container.js"
import { script } from "../engine/script.js"
import type { UploadedFile } from "../engine/uploads.js"
import { asSingleLayer, withTool, type ToolSources } from "./tools.js"
import { SETUP_INFO, setupInfoText } from "../../core/plan/setup-info.js"
import { PROJECT_VERSION } from "../../core/version.js"
import { toolCacheEntries, type CachedTool } from "../../core/plan/tool-cache.js"
import { ACCOUNTS, OWNED_FOLDERS, RUNNER_USER, TOOL_CACHE, userOf } from "../../core/variants/runner-user.js"

const SUDOERS = `${RUNNER_USER.name} ALL=(ALL) NOPASSWD: ALL\n`

/** The resolved packages, to be installed on a root with the configuration of every image. */
export function packageInstall(
  engineHost: EngineHost,
  platform: PlatformName,
  resolved: ResolvedPackages,
  root: Container = engineHost.root(platform),
): PackageInstall {
  const { packages, automatic } = resolved
  const { uploads } = engineHost
  const debs = download(engineHost, resolved)
  return { platform, root, debs, packages, automatic, dpkgConfig: DPKG_EXCLUDES, uploads }
}

/** Files of an image without its configuration, so that another variant's files can be put on top. */
export interface Root {
  container: Container
  /** What each layer is, from the base up. */
  layers: string[]
}

/** Adds the accounts and the folders that every image has. */
export async function withAccounts(engineHost: EngineHost, root: Root, sudo: boolean): Promise<Root> {
  const container = await withUsers(engineHost, root.container, sudo)
  return { container, layers: [...root.layers, "users and folders"] }
}

/** Adds tools, one layer each. Those that the distribution packages are in the packages layer. */
export async function withTools(
  engineHost: EngineHost,
  root: Root,
  tools: readonly PlannedTool[],
  sources: ToolSources,
): Promise<Root> {
  let { container } = root
  const layers = [...root.layers]
  for (const tool of tools) {
    if (tool.from === "deb") continue
    container = await withTool(engineHost, container, tool, sources)
    layers.push(tool.name)
  }
  return { container, layers }
}

/** Adds a variant's own files and links, as one layer. */
export function withFiles(
  engineHost: EngineHost,
  root: Root,
  { files, links }: Pick<VariantPlan, "files" | "links">,
  sources: Pick<ToolSources, "docker">,
): Root {
  if (files.length === 0 && Object.keys(links).length === 0) return root
  const written = files.map((file): [string, UploadedFile] => {
    const content = "text" in file ? file.text : readFileSync(join(sources.docker, file.from))
    return [file.path, { content, mode: Number.parseInt(file.mode, 8) }]
  })
  const linked = Object.entries(links).map(([path, link]): [string, UploadedFile] => [path, { link }])
  const tree = engineHost.uploads.directory(Object.fromEntries([...written, ...linked]))
  return {
    container: root.container.withDirectory("/", asSingleLayer(engineHost, tree)),
    layers: [...root.layers, "files"],
  }
}

/** Adds links to the image's own tools in the tool cache, as one layer. */
export function withToolCache(
  { container, uploads }: EngineHost,
  root: Root,
  tools: readonly CachedTool[],
  platform: PlatformName,
): Root {
  if (tools.length === 0) return root
  const { links, cached, complete } = toolCacheEntries(tools, platform)
  const linked = Object.entries({ ...links, ...cached }).map(([path, link]): [string, UploadedFile] => [path, { link }])
  const tree = uploads.directory(
    Object.fromEntries([...linked, ...complete.map((path): [string, UploadedFile] => [path, ""])]),
  )
  const { uid, gid } = RUNNER_USER
  const laidOut = container
    .withMountedDirectory("/tree", tree)
    .withMountedDirectory("/plan", uploads.directory({ "tool-cache.sh": script("tool-cache.sh") }))
    .withExec(["sh", "/plan/tool-cache.sh", TOOL_CACHE, `${String(uid)}:${String(gid)}`, "0775"])
    .directory("/laid-out")
  return { container: root.container.withDirectory("/", laidOut), layers: [...root.layers, "tool cache"] }
}

/** Adds the configuration except labels: user, environment, entrypoint. Executes nothing of the platform. */
export function configured(image: Container, plan: VariantPlan, platform: PlatformName): Container {
  let container = image
  for (const [name, value] of Object.entries(environmentOn(plan, platform)))
    container = container.withEnvVariable(name, value)
  return container.withUser(userOf(plan)).withWorkdir(RUNNER_USER.home).withEntrypoint(ENTRYPOINT).withoutDefaultArgs()
}

/** Adds what the runner shows in the first step of a job, as one layer above all others. */
export function withSetupInfo(
  root: Root,
  plan: VariantPlan,
  platform: PlatformName,
  { created, runnerVersion }: Pick<BuildFacts, "created" | "runnerVersion">,
): Root {
  // A few hundred bytes, which go with later requests: uploading them takes three requests more.
  const text = setupInfoText(plan, platform, { version: PROJECT_VERSION, created, runnerVersion })
  const owner = `${String(RUNNER_USER.uid)}:${String(RUNNER_USER.gid)}`
  return {
    container: root.container.withNewFile(SETUP_INFO.path, text, { owner, permissions: 0o644 }),
    layers: [...root.layers, "setup information"],
  }
}

export function labelled(image: Container, labels: Readonly<Record<string, string>>): Container {
  return Object.entries(labels).reduce((container, [name, value]) => container.withLabel(name, value), image)
}

async function withUsers(engineHost: EngineHost, image: Container, sudo: boolean): Promise<Container> {
  const names = ["passwd", "group", "shadow", "gshadow"]
  const [passwd = "", group = "", shadow = "", gshadow = ""] = await filesOf(
    image,
    names.map((name) => `/etc/${name}`),
  )
  const files = ACCOUNTS.reduce<AccountFiles>(addUser, { passwd, group, shadow, gshadow })
  const shadowGroup = /^shadow:[^:]*:(\d+):/m.exec(files.group)?.[1] ?? "0"
  const texts = { ...files, folders: ownedFoldersText(OWNED_FOLDERS), ...(sudo ? { sudoers: SUDOERS } : {}) }
  const plan = engineHost.uploads.directory({ ...texts, "accounts.sh": script("accounts.sh") })
  // Created by one native exec, so that it is one layer with the right owners.
  const laidOut = engineHost.container
    .withMountedDirectory("/plan", plan)
    .withExec(["sh", "/plan/accounts.sh", shadowGroup, RUNNER_USER.name])
    .directory("/laid-out")
  return image.withDirectory("/", laidOut)
}
