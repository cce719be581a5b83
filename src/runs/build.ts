import type { BuiltVariant } from "../../dagger/src/pipeline/image/built-variant.js"
import { build } from "../../dagger/src/pipeline/build.js"
import type { Progress } from "../../dagger/src/core/progress/progress.js"
import { writeArchive } from "../artifacts/archive.js"
import { ImageLoader } from "../artifacts/load.js"
import type { OutputFolder } from "../artifacts/output-folder.js"
import type { CommandContext } from "../input/context.js"
import type { HostRequest } from "../input/request.js"
import { summariseVariant, type Places, type VariantSummary } from "../output/summary.js"
import { inSession } from "../session/session.js"
import { finishRun } from "./answer.js"
import { inputsOf } from "./inputs.js"

export interface BuildRun {
  output: OutputFolder
  /** Also write a tar of each layout. */
  archive: boolean
  /** Put this host's platform into Docker or podman. */
  load: boolean
  bareEngine: boolean
  json: boolean
}

/** Builds, brings the results to this host and prints what came of it. */
export async function runBuild(context: CommandContext, host: HostRequest, run: BuildRun): Promise<void> {
  const loader = run.load ? await ImageLoader.find(host.request.platforms) : undefined
  const variants = await inSession({ ...context, bareEngine: run.bareEngine }, async ({ progress }) => {
    for (const line of host.notes) progress.note("all platforms", line)
    const summaries: VariantSummary[] = []
    for (const image of await build(host.request, inputsOf(host), progress))
      summaries.push(summariseVariant(image.report, await write(image, run, progress, loader)))
    return summaries
  })
  finishRun(context, run.json, variants)
}

/** Brings a built variant to this host. An image of which a check failed has reports only, and nothing to load. */
async function write(
  { variant, report, directory }: BuiltVariant,
  { output, archive }: Pick<BuildRun, "output" | "archive">,
  progress: Progress,
  loader: ImageLoader | undefined,
): Promise<Places> {
  const step = <T>(name: string, work: () => Promise<T>): Promise<T> =>
    progress.run("all platforms", `${name} ${variant}`, work)
  const folder = await step("write", async () => {
    const blobs = report.index === undefined ? [] : await directory.entries({ path: "blobs/sha256" })
    return output.replace(variant, blobs, async (fresh, present) => {
      await directory.withoutFiles(present).export(fresh)
    })
  })
  const places: Places = { directory: folder }
  if (report.index === undefined) return places
  if (archive)
    places.archive = await step("archive", () =>
      output.replaceArchive(variant, (file) => writeArchive(folder, file, report.created)),
    )
  if (loader) places.loaded = await step("load", () => loader.load(folder, variant))
  return places
}
