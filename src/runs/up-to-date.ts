import { readFileSync } from "node:fs"
import { join } from "node:path"
import { changedInput, type Inputs } from "../../dagger/src/core/inputs/inputs.js"
import type { LayoutImage } from "../../dagger/src/core/oci/layout.js"
import { reportSchema, type Report } from "../../dagger/src/core/report/report.js"
import type { VariantName } from "../../dagger/src/core/variants/names.js"
import type { Places } from "../../dagger/src/pipeline/oci/destination.js"
import { isWholeArchive } from "../artifacts/archive.js"
import { wholeLayout } from "../artifacts/whole-layout.js"
import { ContainerEngineDestination } from "../destinations/container-engine.js"
import { engineInputs, runningFoundEngine } from "../engine/identity.js"
import type { CommandContext } from "../input/context.js"
import { readInputs } from "../input/host-inputs.js"
import type { HostRequest } from "../input/request.js"
import { summariseVariant, type VariantSummary } from "../output/summary.js"
import { finishRun } from "./answer.js"
import type { BuildRun } from "./build.js"

/** A variant as an earlier build left it. */
type Found = { report: Report; places: Places } | { stale: string } | { absent: true }

/**
 * Prints the result of an earlier build, if this one would only repeat it. Opens no session with the engine; a build is also done if no
 * engine is running, because only an engine knows the base images that it has.
 *
 * @returns whether that was all; if not, a note says why each variant that was built before is built again
 */
export async function finishedEarlier(context: CommandContext, host: HostRequest, run: BuildRun): Promise<boolean> {
  const { terminal } = context
  const { variants, refresh, sources } = host.request
  const engine = await runningFoundEngine()
  const inputs = engine && (await readInputs(host, engineInputs(engine)))
  const loading = run.load ? await ContainerEngineDestination.find(host.request.platforms, run.output) : undefined
  const found = await Promise.all(variants.map((variant) => find(variant, run, inputs, loading, refresh)))
  const done: VariantSummary[] = []
  for (const [index, variant] of variants.entries()) {
    const earlier = found[index]
    if (earlier && "stale" in earlier) terminal.note(`${variant} is built again: ${earlier.stale}`)
    if (earlier && "report" in earlier) done.push(summariseVariant(earlier.report, earlier.places))
  }
  if (done.length < variants.length) return false
  for (const { variant, index, directory } of done) {
    const auto = sources === "auto" ? "; tools as --sources auto decided earlier today" : ""
    terminal.note(`${variant} is up to date: ${index ?? ""} in ${directory ?? ""}${auto}`)
  }
  finishRun(context, run.json, done)
  return true
}

async function find(
  variant: VariantName,
  { output, archive }: BuildRun,
  inputs: Inputs | undefined,
  loading: ContainerEngineDestination | undefined,
  refresh: boolean,
): Promise<Found> {
  const directory = output.of(variant)
  const report = readReport(directory)
  if (report?.variant !== variant) return { absent: true }
  if (refresh) return { stale: "--refresh queries the package archive now" }
  if (!inputs) return { stale: "no engine is running, which would tell its base images" }
  if (report.index === undefined) return { stale: "checks failed in the last build" }
  if (!report.inputs) return { stale: "its report does not say what it was built from" }
  const changed = changedInput(report.inputs, inputs)
  if (changed !== undefined) return { stale: changed }
  const images = await wholeLayout(directory, report)
  if (!images) return { stale: `${directory} is not as the last build wrote it` }
  return elsewhere(
    { report, places: { directory } },
    variant,
    images,
    archive ? output.archiveOf(variant) : undefined,
    loading,
  )
}

/** The other places that the user wants it in. */
async function elsewhere(
  found: { report: Report; places: Places },
  variant: VariantName,
  images: readonly LayoutImage[],
  archive: string | undefined,
  loading: ContainerEngineDestination | undefined,
): Promise<Found> {
  const { report, places } = found
  if (archive !== undefined && !isWholeArchive(places.directory ?? "", archive))
    return { stale: `${archive} is missing or incomplete` }
  const loaded = await loading?.loadedAs(variant, images)
  if (loading && loaded === undefined) return { stale: "the image is not loaded" }
  return {
    report,
    places: { ...places, ...(archive === undefined ? {} : { archive }), ...(loaded === undefined ? {} : { loaded }) },
  }
}

/** Undefined without one that this version understands. */
function readReport(folder: string): Report | undefined {
  try {
    return reportSchema.safeParse(JSON.parse(readFileSync(join(folder, "report.json"), "utf8"))).data
  } catch {
    return undefined
  }
}
