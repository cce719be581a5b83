import { dag, type Container, type Directory } from "@dagger.io/dagger"
import type { BenchRequest, Machine, RowName, Run } from "../../core/bench/bench.js"
import { PLATFORMS, type PlatformName } from "../../core/platforms.js"
import type { VariantName } from "../../core/variants/names.js"
import { assertChecksPassed, build } from "../build.js"
import type { TwinInstall } from "../packages/acceleration.js"
import { anew, type Native } from "../engine/native.js"
import { foreignTo, packagesFor, prepare, resolved, type Shared } from "../image/package-set.js"
import { installPackages, twinOf, type InstalledPackages, type PackageInstall } from "../packages/packages.js"
import { asPlatform } from "../engine/platform.js"
import { Progress, type Phase } from "../../core/progress/progress.js"
import type { BuildInputs } from "../image/build-context.js"
import { script } from "../engine/script.js"
import { Stopwatch } from "../../core/bench/stopwatch.js"
import type { BuiltVariant } from "../image/built-variant.js"

/** One session's part of a benchmark. */
export interface BenchSession {
  request: BenchRequest
  inputs: BuildInputs
  progress: Progress
  /** How much the engine's cache has on disk. Asked through the door, because a module cannot ask it. */
  cacheBytes: () => Promise<number>
}

/** Each row once, for one variant's packages and those that are named besides. */
export interface PackageRound {
  platform: PlatformName
  /** Package files per platform. */
  packages: Partial<Record<PlatformName, number>>
  runs: Partial<Record<RowName, Run>>
}

/**
 * Installs a variant's packages in every way that is asked for, one after the other, for every foreign platform. Each starts from
 * the same state: package files downloaded, base images there, nothing installed.
 *
 * @param round what makes this round's steps new
 */
export async function benchPackages(
  session: BenchSession,
  variant: VariantName,
  round: string,
): Promise<PackageRound[]> {
  const { request, inputs, progress } = session
  const shared = await prepare(request, inputs.caBundle, progress)
  const rounds: PackageRound[] = []
  for (const platform of foreignTo(shared.native))
    rounds.push(await packageRound(session, shared, { variant, platform, round }))
  return rounds
}

/** What one row does, once. */
type Work = (watch: Stopwatch, moment: string) => Promise<Pick<Run, "road" | "reason">>

async function packageRound(
  { request, inputs, cacheBytes }: BenchSession,
  shared: Shared,
  { variant, platform, round }: { variant: VariantName; platform: PlatformName; round: string },
): Promise<PackageRound> {
  const { native, progress } = shared
  const names = packagesFor(request, variant)
  const own = await resolved(shared, native.platform, names)
  const foreign = await resolved(shared, platform, names)
  const context = inputs.docker.withDirectory("debs", foreign.debs)
  const works = packageRows(native, own, foreign, context)
  await progress.run("all platforms", "download", () =>
    Promise.all([
      own.debs.sync(),
      own.root.sync(),
      foreign.root.sync(),
      context.sync(),
      dockerfile(context, native, platform, "base").sync(),
    ]),
  )
  const runs: PackageRound["runs"] = {}
  for (const row of request.rows) {
    const work = works[row]
    if (!work) continue
    runs[row] = await progress.run(row === "native" ? native.platform : platform, row, () =>
      measure(cacheBytes, (watch) => work(watch, `${round} ${row}`)),
    )
  }
  const packages = { [native.platform]: own.packages.length, [platform]: foreign.packages.length }
  return { platform, packages, runs }
}

function packageRows(
  native: Native,
  own: PackageInstall,
  foreign: PackageInstall,
  context: Directory,
): Partial<Record<RowName, Work>> {
  const again = (install: PackageInstall, moment: string) => ({ ...install, root: anew(install.root, moment) })
  return {
    native: async ({ phase }, moment) => roadOf(await installPackages(native, again(own, moment), undefined, phase)),
    accelerated: async ({ phase }, moment) => {
      const twin = timedTwin(phase, again(own, moment))
      return roadOf(await installPackages(native, again(foreign, moment), twin, phase))
    },
    both: async ({ phase }, moment) => {
      const twin = timedTwin(phase, again(own, moment))
      const [, installed] = await Promise.all([
        phase(native.platform, () => installPackages(native, again(own, moment))),
        phase(foreign.platform, () => installPackages(native, again(foreign, moment), twin)),
      ])
      return roadOf(installed)
    },
    emulated: async ({ phase }, moment) =>
      roadOf(await installPackages(native, again(foreign, moment), undefined, phase)),
    dockerfile: async (_, moment) => {
      // A builder knows a step by the content of the folder that it is given.
      await dockerfile(context.withNewFile("moment", moment), native, foreign.platform, "packages").sync()
      return {}
    },
  }
}

function timedTwin(phase: Phase, install: PackageInstall): TwinInstall {
  const { root, unpacked } = twinOf(install)
  return { root, unpacked: phase("twin", () => unpacked) }
}

function roadOf({ road, reason }: InstalledPackages): Pick<Run, "road" | "reason"> {
  return { road, ...(reason === undefined ? {} : { reason }) }
}

/** A stage of the plain Dockerfile, as a builder without a pipeline makes it. */
function dockerfile(context: Directory, { base }: Native, platform: PlatformName, target: string): Container {
  const buildArgs = [{ name: "BASE", value: base }]
  return context.dockerBuild({ platform: asPlatform(platform), target, buildArgs })
}

/** What is done with built images, and timed with the build. */
export interface Delivery {
  write: (built: readonly BuiltVariant[]) => Promise<void>
  push?: (built: readonly BuiltVariant[], caBundle: BuildInputs["caBundle"]) => Promise<void>
}

/**
 * Builds a variant's images for all platforms, from registries.
 *
 * @param moment what makes its steps new; the same moment again is a build of which nothing has changed
 */
export async function benchBuild(
  { request: { compression, refresh }, inputs, progress, cacheBytes }: BenchSession,
  variant: VariantName,
  moment: string,
  { write, push }: Delivery,
): Promise<{ run: Run; compressedBytes: Partial<Record<PlatformName, number>> }> {
  const request = {
    platforms: [...PLATFORMS],
    variants: [variant],
    sources: "registry" as const,
    sudo: false,
    refresh,
    compression,
  }
  let built: BuiltVariant[] = []
  const run = await measure(
    cacheBytes,
    async (watch) => {
      built = await build(request, { ...inputs, moment }, new Progress(watch))
      for (const { report } of built) assertChecksPassed(report)
      await watch.phase("write", () => write(built))
      if (push) await watch.phase("push", () => push(built, inputs.caBundle))
      return {}
    },
    (scope, text) => {
      progress.warn(scope, text)
    },
  )
  const sizes = built.flatMap(({ report }) => report.platforms)
  return {
    run,
    compressedBytes: Object.fromEntries(sizes.map(({ platform, compressedBytes }) => [platform, compressedBytes])),
  }
}

async function measure(
  cacheBytes: BenchSession["cacheBytes"],
  work: (watch: Stopwatch) => Promise<Pick<Run, "road" | "reason">>,
  ...forward: ConstructorParameters<typeof Stopwatch>
): Promise<Run> {
  const before = await cacheBytes()
  const watch = new Stopwatch(...forward)
  const how = await work(watch)
  const seconds = watch.seconds()
  const grown = (await cacheBytes()) - before
  return { seconds, ...(grown < 0 ? {} : { diskBytes: grown }), phases: watch.phases, ...how }
}

/** Finds out what the engine runs on. */
export async function benchMachine({ request, inputs, progress }: BenchSession): Promise<Machine> {
  const { native } = await prepare(request, inputs.caBundle, progress)
  const [foreign] = foreignTo(native)
  const container = foreign
    ? native.container.withMountedDirectory("/target", native.root(foreign).rootfs())
    : native.container
  const output = await container.withExec(["sh", "-c", script("machine.sh")]).stdout()
  const [processors = "", kilobytes = "", kernel = "unknown", emulator = "unknown"] = output.trim().split("\n")
  return {
    platform: native.platform,
    processors: Number(processors),
    memoryBytes: Number(kilobytes) * 1024,
    kernel,
    engine: await dag.version(),
    emulator,
  }
}
