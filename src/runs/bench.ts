import { dag } from "@dagger.io/dagger"
import { readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  BENCH_SCHEMA_VERSION,
  BUILD_ROWS,
  COMMAND_ROWS,
  ratiosOf,
  rowResult,
  type BenchReport,
  type BenchRequest,
  type CommandRow,
  type Machine,
  type RowName,
  type MeasuredRun,
  type Subject,
} from "../../dagger/src/core/bench/bench.js"
import { PLATFORMS, type PlatformName } from "../../dagger/src/core/platforms.js"
import type { Repository } from "../../dagger/src/core/text/reference.js"
import type { VariantName } from "../../dagger/src/core/variants/names.js"
import {
  benchBuild,
  benchMachine,
  benchPackages,
  type BenchDestinations,
  type BenchSession,
  type PackageRound,
} from "../../dagger/src/pipeline/bench/bench.js"
import { RegistryDestination } from "../../dagger/src/pipeline/oci/publish.js"
import { OutputFolder } from "../artifacts/output-folder.js"
import { FolderDestination } from "../destinations/folder.js"
import type { CommandContext } from "../input/context.js"
import { benchText } from "../output/bench.js"
import { trafficSoFar } from "../session/requests.js"
import { inSession } from "../session/session.js"
import { benchCommands } from "./bench-commands.js"
import { inputsOf } from "./inputs.js"
import { loopbackRegistry } from "./registry.js"

export interface BenchRun {
  bareEngine: boolean
  json: boolean
  /** Where built images are pushed, each build to a path of its own below it; without it, nothing is pushed. */
  repository?: Repository
  /** Absolute path of the certificate authorities that downloads trust. */
  caBundle?: string
}

/** Measures round by round, each in a session of its own, so that none sees another's results, and prints the figures. */
export async function runBench(context: CommandContext, request: BenchRequest, run: BenchRun): Promise<void> {
  const began = new Date().toISOString()
  const session: InBenchSession = (work) =>
    inSession({ ...context, bareEngine: run.bareEngine }, ({ progress }) =>
      work({ request, inputs: inputsOf(run), progress, cacheBytes, traffic: trafficSoFar }),
    )
  const machine = await session(benchMachine)
  const subjects: Subject[] = []
  for (const variant of request.variants) {
    const rounds: PackageRound[] = []
    const builds: Awaited<ReturnType<typeof buildTwice>>[] = []
    const commands: { runs: Awaited<ReturnType<typeof benchCommands>> }[] = []
    for (let round = 1; round <= request.rounds; round++) {
      context.terminal.note(`${variant}: round ${round} of ${request.rounds}`)
      const cacheBuster = `${began} ${round}`
      if (request.rows.some((row) => !isBuild(row) && !isCommand(row)))
        rounds.push(...(await session((each) => benchPackages(each, variant, cacheBuster))))
      if (request.rows.some(isBuild)) builds.push(await buildTwice(session, request, run, variant, cacheBuster))
      const commandRows = request.rows.filter(isCommand)
      if (commandRows.length > 0)
        commands.push({ runs: await benchCommands(commandRows, { variant, foreign: foreignOf(machine), session }) })
    }
    subjects.push(
      ...packageSubjects(request, variant, rounds),
      ...imageSubjects(request, variant, builds),
      ...imageSubjects(request, variant, commands),
    )
  }
  const { packages, compression } = request
  const report = { schemaVersion: BENCH_SCHEMA_VERSION, began, machine, packages, compression, subjects } as const
  context.terminal.close()
  context.answer(run.json ? JSON.stringify(report satisfies BenchReport, null, 2) : benchText(report))
}

/** Does a part of the benchmark in a session of its own. */
type InBenchSession = <T>(work: (session: BenchSession) => Promise<T>) => Promise<T>

function cacheBytes(): Promise<number> {
  return dag.engine().localCache().entrySet().diskSpaceBytes()
}

const isBuild = (row: RowName) => BUILD_ROWS.some((name) => name === row)
const isCommand = (row: RowName): row is CommandRow => COMMAND_ROWS.some((name) => name === row)

/** A platform that the machine emulates. */
function foreignOf({ platform }: Machine): PlatformName {
  const foreign = PLATFORMS.find((name) => name !== platform)
  if (foreign === undefined) throw new Error("there is no other platform")
  return foreign
}

/** A build with nothing cached, then the same build again, each as a user starts it: in a session of its own. */
async function buildTwice(
  session: InBenchSession,
  request: BenchRequest,
  run: BenchRun,
  variant: VariantName,
  cacheBuster: string,
) {
  const folder = await mkdtemp(join(tmpdir(), "runner-images-bench-"))
  try {
    const once = (row: RowName) =>
      session((each) =>
        each.progress.run("all platforms", row, () =>
          benchBuild(each, variant, cacheBuster, destinationsOf(run, variant, join(folder, row), cacheBuster)),
        ),
      )
    const cold = await once("build-cold")
    const warm = request.rows.includes("build-warm") ? await once("build-warm") : undefined
    return { compressedBytes: cold.compressedBytes, runs: { "build-cold": cold.run, "build-warm": warm?.run } }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function destinationsOf(
  { repository, caBundle }: BenchRun,
  variant: VariantName,
  folder: string,
  cacheBuster: string,
): BenchDestinations {
  const write = new FolderDestination(new OutputFolder(folder, [variant]))
  if (!repository) return { write }
  const push = new RegistryDestination({
    // To an empty place, since blobs that a registry already has are not pushed.
    repository: `${repository.name}/bench-${cacheBuster.replaceAll(/[^0-9]/g, "")}`,
    tags: ["bench"],
    runner: "act",
    variantTags: false,
    ...(repository.loopback ? loopbackRegistry(dag, repository) : {}),
    ...(caBundle === undefined ? {} : { caBundle: readFileSync(caBundle, "utf8") }),
  })
  return { write, push }
}

function packageSubjects({ rows }: BenchRequest, variant: VariantName, rounds: readonly PackageRound[]): Subject[] {
  return [...new Set(rounds.map(({ platform }) => platform))].map((platform) => {
    const own = rounds.filter((round) => round.platform === platform)
    const results = resultsOf(rows, own)
    return { variant, platform, packages: own[0]?.packages ?? {}, rows: results, ratios: ratiosOf(results) }
  })
}

/** Rows that are about images for all platforms. */
function imageSubjects(
  { rows }: BenchRequest,
  variant: VariantName,
  builds: readonly {
    runs: Partial<Record<RowName, MeasuredRun | undefined>>
    compressedBytes?: Subject["compressedBytes"]
  }[],
): Subject[] {
  const [first] = builds
  if (!first) return []
  const results = resultsOf(rows, builds)
  return [
    {
      variant,
      ...(first.compressedBytes ? { compressedBytes: first.compressedBytes } : {}),
      rows: results,
      ratios: ratiosOf(results),
    },
  ]
}

function resultsOf(
  rows: readonly RowName[],
  rounds: readonly { runs: Partial<Record<RowName, MeasuredRun | undefined>> }[],
): Subject["rows"] {
  return rows.flatMap((row) => {
    const runs = rounds.flatMap((round) => round.runs[row] ?? [])
    return runs.length === 0 ? [] : [rowResult(row, runs)]
  })
}
