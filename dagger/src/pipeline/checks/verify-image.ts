import { dag, type Container, type Secret, type Service } from "@dagger.io/dagger"
import { TOOLS } from "../../core/catalog/catalog.js"
import type { BaseName } from "../../core/variants/bases.js"
import type { CustomVariant } from "../../core/variants/definitions.js"
import { UNKNOWN_VERSION } from "../../core/plan/expected-tools.js"
import { unusedAccept, unusedAcceptText } from "../../core/checks/outcome.js"
import { assertNative } from "../../core/checks/native-only.js"
import { RunnerImagesError } from "../../core/errors.js"
import { installedPackages } from "../../core/packages/dpkg-status.js"
import { planVariant, type PlannedTool, type VariantPlan } from "../../core/plan/plan.js"
import { readSourcesLabel, SOURCES_LABEL } from "../../core/plan/sources-label.js"
import type { DecidedSources } from "../../core/plan/sources.js"
import { digestOf } from "../../core/oci/documents.js"
import type { PlatformName } from "../../core/platforms.js"
import { nameOf, type ImageReference } from "../../core/text/reference.js"
import {
  REPORT_SCHEMA_VERSION,
  RUNNER_KINDS,
  type PlatformReport,
  type Report,
  type RunnerKind,
  type Tool,
  type ToolSource,
} from "../../core/report/report.js"
import type { BuildRequest } from "../../core/request/request.js"
import type { VariantName } from "../../core/variants/names.js"
import { openEngineHost, type EngineHost } from "../engine/engine-host.js"
import { asPlatform } from "../engine/platform.js"
import { factsOf } from "../engine/read-container.js"
import type { Progress } from "../../core/progress/progress.js"
import type { Uploads } from "../engine/uploads.js"
import { Registry } from "../oci/registry.js"
import { checkImage } from "./smoke.js"

/** An image that was built elsewhere, and its expected variant. */
export interface TestedImage {
  reference: ImageReference
  /** Its registry, if only the caller can reach it. The engine pulls from any other by itself. */
  registry?: Service
  /** Its registry has no TLS, which the engine does not accept by itself. */
  plainHttp?: boolean
  /** Credentials for that registry. */
  username?: string
  password?: Secret
  platforms: readonly PlatformName[]
  variant: VariantName
  /** The variant of a definition file, if that is the expected one. */
  custom?: CustomVariant
  /** Its base, if not the default one. */
  base?: BaseName
  /** Refuse platforms that the engine emulates if it would have to skip checks on them. */
  native?: boolean
  /** Brings files of this program into the engine. */
  uploads: Uploads
  /** The text of the certificate authorities that the registry, and what fetches its client's modules, are trusted by. */
  caBundle?: string
}

/**
 * Runs a variant's smoke tests in any image. Expected versions come from the image's own package database and labels; a tool
 * that neither knows only has to print some version.
 *
 * @throws RunnerImagesError NATIVE_REQUIRED when all checks are required and the engine cannot run some; REGISTRY_FAILED
 *   when the image, or one of its platforms, cannot be pulled
 */
export async function testImage(image: TestedImage, progress: Progress): Promise<Report> {
  const engineHost = await progress.run("all platforms", "base image", () =>
    openEngineHost(image.uploads, { caBundle: image.caBundle }),
  )
  if (image.native) assertNative([planFor(image, image.platforms, NO_LABEL, {})], engineHost.platform)
  const tested: Tested[] = []
  for (const platform of image.platforms) tested.push(await testPlatform(engineHost, image, platform, progress))
  const labels = tested[0]?.labels ?? new Map<string, string>()
  const platforms = tested.map(({ report }) => report)
  const unused = unusedAccept(image.custom?.definition.accept ?? [], platforms)
  const warning = unusedAcceptText(unused)
  if (warning !== undefined) progress.warn("all platforms", warning)
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    variant: image.variant,
    version: labels.get("org.opencontainers.image.version") ?? UNKNOWN_VERSION,
    created: labels.get("org.opencontainers.image.created") ?? UNKNOWN_VERSION,
    sources: { tools: tested[0]?.plan.sources.tools ?? {} },
    runner: { kind: runnerOf(labels), version: labels.get("com.github.runner.version") ?? UNKNOWN_VERSION },
    releases: [],
    platforms,
    ...(unused.length > 0 ? { unusedAccept: unused } : {}),
  }
}

type Installed = ReturnType<typeof installedPackages>

interface Tested {
  report: PlatformReport
  labels: ReadonlyMap<string, string>
  plan: VariantPlan
}

async function testPlatform(
  engineHost: EngineHost,
  image: TestedImage,
  platform: PlatformName,
  progress: Progress,
): Promise<Tested> {
  const { container: pulled, base } = await progress.run(platform, "pull", () =>
    pull(engineHost, image, platform, progress),
  )
  const { configuration, status } = await factsOf(pulled)
  const labels = new Map(Object.entries(configuration.labels))
  const packages = installedPackages(status)
  const sudo = packages.some(({ name }) => name === "sudo")
  const root = ["0", "root"].includes(configuration.user.split(":")[0] ?? "")
  const cjkFonts = packages.some(({ name }) => name === "fonts-noto-cjk")
  const plan = planFor(image, [platform], sourcesOf(labels), { sudo, root, cjkFonts })
  const tools = plan.platforms.flatMap((planned) => planned.tools).map((tool) => statedTool(tool, packages, labels))
  const context = { platform, emulated: platform !== engineHost.platform, plan, tools, packages }
  const { checks } = await checkImage({ engineHost, sources: {} }, { container: pulled, context }, progress)
  const times = { steps: progress.steps(platform), seconds: progress.seconds(platform) }
  return { labels, plan, report: { platform, base, packages: [], tools, checks, ...times } }
}

/** The plan of an image, derived from its variant and from what was found in it. */
function planFor(
  { variant, custom, base }: TestedImage,
  platforms: readonly PlatformName[],
  sources: DecidedSources,
  found: Partial<Pick<BuildRequest, "sudo" | "root" | "cjkFonts">>,
): VariantPlan {
  const request: BuildRequest = {
    platforms: [...platforms],
    variants: [variant],
    ...(custom ? { custom } : {}),
    ...(base ? { base } : {}),
    sources: sources.mode,
    sudo: false,
    refresh: false,
    ...found,
  }
  return planVariant(variant, request, sources)
}

/** The tool's version according to the image itself, which may be older than today's catalog. */
function statedTool(tool: PlannedTool, packages: Installed, labels: ReadonlyMap<string, string>): Tool {
  const { name } = tool
  const version =
    tool.from === "deb"
      ? packages.find((entry) => entry.name === tool.package)?.version
      : name === "runner"
        ? labels.get("com.github.runner.version")
        : undefined
  return { name, version: version ?? UNKNOWN_VERSION, source: tool.from === "deb" ? `deb:${tool.package}` : tool.from }
}

interface Pulled {
  container: Container
  /** The image by digest. */
  base: string
}

async function pull(
  engineHost: EngineHost,
  { reference, registry, plainHttp = false, username, password }: TestedImage,
  platform: PlatformName,
  progress: Progress,
): Promise<Pulled> {
  const empty = dag.container({ platform: asPlatform(platform) })
  try {
    if (!registry && !plainHttp) {
      const container = empty.from(reference.name)
      return { container, base: await container.imageRef() }
    }
    const { repository } = reference
    const login = { ...(username === undefined ? {} : { username }), ...(password ? { password } : {}) }
    const access = { ...(registry ? { registry } : {}), plainHttp, ...login, engineHost }
    const client = await Registry.open(repository.name, access, progress)
    const found = digestOf(await client.manifest(repository.name, nameOf(reference)))
    const archive = await client.pull(repository.name, `@${found}`, platform)
    return { container: await empty.import_(archive).sync(), base: `${repository.name}@${found}` }
  } catch (cause) {
    if (cause instanceof RunnerImagesError) throw cause
    throw new RunnerImagesError(
      "REGISTRY_FAILED",
      `${reference.name} cannot be pulled for ${platform}: ${cause instanceof Error ? cause.message : String(cause)}`,
      "Check the name, that the image has this platform, and that the engine may pull from its registry.",
      { cause },
    )
  }
}

/** Other projects' images do not name their sources; assume the vendors' own. */
const NO_LABEL = {
  mode: "upstream",
  reason: "assumed, because the image's label does not say so",
} as const satisfies DecidedSources

function sourcesOf(labels: ReadonlyMap<string, string>): DecidedSources {
  const label = readSourcesLabel(labels.get(SOURCES_LABEL) ?? "")
  const reason = "according to the image's label"
  if (label === undefined) return NO_LABEL
  if (typeof label === "string") return { mode: label, reason }
  const tools = TOOLS.map((name): [string, ToolSource] => {
    const from = label[name]
    return [name, from === undefined ? { from: NO_LABEL.mode, reason: NO_LABEL.reason } : { from, reason }]
  })
  return { mode: "auto", tools: Object.fromEntries(tools) }
}

/** Other projects' images do not name theirs; assume GitHub's. */
function runnerOf(labels: ReadonlyMap<string, string>): RunnerKind {
  const kind = labels.get("com.github.runner.kind")
  return RUNNER_KINDS.find((known) => known === kind) ?? "official"
}
