import type { Directory, Service } from "@dagger.io/dagger"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { allSettled } from "../../core/progress/all-settled.js"
import { catalogTool } from "../../core/catalog/catalog.js"
import { assertNative } from "../../core/checks/native-only.js"
import type { BuildPlan } from "../../core/plan/build-plan.js"
import { goProgram, vulnerabilityWarnings, type GoProgram } from "../../core/plan/expected-tools.js"
import { fallbacks, sourceGroups, sourceText, unofficialText } from "../../core/plan/sources.js"
import { newestDate, type ReleaseFile } from "../../core/packages/releases.js"
import type { ImageSources } from "../../core/report/report.js"
import type { BuildRequest } from "../../core/request/request.js"
import { archiveCacheBuster } from "../../core/packages/cache-buster.js"
import { openEngineHost, type EngineHost } from "../engine/engine-host.js"
import type { Uploads } from "../engine/uploads.js"
import { readArchive, type Archive } from "../engine/package-archive.js"
import { plan as planAll } from "../plan/plan.js"
import type { Progress } from "../../core/progress/progress.js"
import type { ToolSources } from "./tools.js"
import { probeOf, upstreamOf } from "./upstream.js"

/** What the pipeline needs in addition to the request: Dagger objects, which each entry point gets in its own way. */
export interface BuildInputs {
  /** Absolute path of the project's `docker/` folder on this program's machine, whose files go into images. */
  docker: string
  /** Brings files of this program into the engine. */
  uploads: Uploads
  /** Upstream archives by file name, fetched beforehand. */
  assets?: Directory
  /** The request's mirror, if the engine's containers cannot reach it by name. */
  mirrorService?: Service
  /** The server of the request's snapshots, if the engine's containers cannot reach it by name. */
  snapshotService?: Service
  /** The text of the certificate authorities that native download steps trust. Never in a layer. */
  caBundle?: string
  /** What the image is made from, for its report. Called once all of it has been read; undefined if it has changed since the start. */
  recorded?: () => Promise<Record<string, string> | undefined>
  /** For measurements: reruns every step instead of using the engine's cache, unless the same value was used before. */
  cacheBuster?: string
}

/** What all platforms and variants of a build share. */
export interface BuildContext {
  request: BuildRequest
  inputs: BuildInputs
  /** Where tools are taken from. */
  sources: ToolSources
  progress: Progress
  engineHost: EngineHost
  archive: Archive
  /** The Release files that date the images: the archive's, or those of the lock. */
  releases: ReleaseFile[]
  plan: BuildPlan
  created: string
  /** The runner that the pipeline compiles, whether or not an image has it. */
  actRunner: GoProgram
}

/** Says where each tool comes from; with a warning where `auto` mixes sources. */
function saySources({ sources, variants }: BuildPlan, asked: BuildRequest["runner"], progress: Progress): void {
  const tools = Object.fromEntries(variants.flatMap((plan) => Object.entries(plan.sources.tools)))
  const all: ImageSources = { requested: sources.mode, tools }
  const warned = new Set(fallbacks(all).map(sourceText))
  for (const text of sourceGroups(all).map(sourceText)) {
    if (warned.has(text)) progress.warn("all platforms", `tools ${text}`)
    else progress.note("all platforms", `tools ${text}`)
  }
  const unofficial = unofficialText(all, asked)
  if (unofficial !== undefined) progress.warn("all platforms", unofficial)
}

function readActRunner(docker: string): GoProgram {
  const { registry } = catalogTool("runner")
  if (registry.kind !== "go-program") throw new Error("the runner is not a program of this project")
  const read = (name: string) => readFileSync(join(docker, registry.folder, name), "utf8")
  return goProgram(read("VERSION"), read("go.mod"), registry.module)
}

/** Finds all inputs of a build and plans it. This is the only place that inspects the engine and plans. */
export async function prepareBuild(
  request: BuildRequest,
  inputs: BuildInputs,
  progress: Progress,
): Promise<BuildContext> {
  const access = upstreamOf(request, inputs)
  const day = archiveCacheBuster(request.refresh)
  const engineHost = await progress.run("all platforms", "base image", () =>
    openEngineHost(inputs.uploads, {
      caBundle: inputs.caBundle,
      base: request.base,
      digest: request.lock?.base,
      archive: day,
      cacheBuster: inputs.cacheBuster,
    }),
  )
  const planning = progress.run("all platforms", "plan", async () =>
    planAll(
      request,
      (await inputs.assets?.entries()) ?? [],
      probeOf(access, () => Promise.resolve(engineHost)),
      engineHost.platform,
    ),
  )
  const { snapshot } = request
  const reading = snapshot
    ? progress.run("all platforms", "package archive", () =>
        readArchive(engineHost, day, { snapshot, service: inputs.snapshotService }),
      )
    : Promise.resolve(engineHost.archive)
  await allSettled<unknown>([planning, reading])
  const [plan, archive] = await Promise.all([planning, reading])
  saySources(plan, request.runner, progress)
  for (const text of vulnerabilityWarnings(plan.variants)) progress.warn("all platforms", text)
  if (request.native) assertNative(plan.variants, engineHost.platform)
  const actRunner = readActRunner(inputs.docker)
  // The same packages as before make the same image, although the archive has moved on.
  const releases = request.lock?.releases ?? archive.releases
  const created = newestDate(releases)
  const sources = { docker: inputs.docker, ...access }
  return { request, inputs, sources, progress, engineHost, archive, releases, plan, created, actRunner }
}
