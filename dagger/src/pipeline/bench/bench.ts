import { dag, type Container, type Directory } from "@dagger.io/dagger"
import type { BenchRequest, Machine, RowName, MeasuredRun } from "../../core/bench/bench.js"
import { PLATFORMS, type PlatformName } from "../../core/platforms.js"
import type { VariantName } from "../../core/variants/names.js"
import { assertChecksPassed, build } from "../build.js"
import type { NativeToolsInstall } from "../packages/acceleration.js"
import { withCacheBuster, type EngineHost } from "../engine/engine-host.js"
import { foreignTo, packagesFor, prepare, resolved, type Shared } from "../image/package-set.js"
import { installPackages, nativeToolsOf, type InstalledPackages, type PackageInstall } from "../packages/packages.js"
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
  /** How much the engine's cache has on disk. Asked through the entry point, because a module cannot ask it. */
  cacheBytes: () => Promise<number>
}

/** Each row once, for one variant's packages and those that are named besides. */
export interface PackageRound {
  platform: PlatformName
  /** Package files per platform. */
  packages: Partial<Record<PlatformName, number>>
  runs: Partial<Record<RowName, MeasuredRun>>
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
type Work = (watch: Stopwatch, cacheBuster: string) => Promise<Pick<MeasuredRun, "installMethod" | "reason">>

async function packageRound(
  { request, inputs, cacheBytes }: BenchSession,
  shared: Shared,
  { variant, platform, round }: { variant: VariantName; platform: PlatformName; round: string },
): Promise<PackageRound> {
  const { native: engineHost, progress } = shared
  const names = packagesFor(request, variant)
  const own = await resolved(shared, engineHost.platform, names)
  const foreign = await resolved(shared, platform, names)
  const context = inputs.docker.withDirectory("debs", foreign.debs)
  const works = packageRows(engineHost, own, foreign, context)
  await progress.run("all platforms", "download", () =>
    Promise.all([
      own.debs.sync(),
      own.root.sync(),
      foreign.root.sync(),
      context.sync(),
      dockerfile(context, engineHost, platform, "base").sync(),
    ]),
  )
  const runs: PackageRound["runs"] = {}
  for (const row of request.rows) {
    const work = works[row]
    if (!work) continue
    runs[row] = await progress.run(row === "native" ? engineHost.platform : platform, row, () =>
      measure(cacheBytes, (watch) => work(watch, `${round} ${row}`)),
    )
  }
  const packages = { [engineHost.platform]: own.packages.length, [platform]: foreign.packages.length }
  return { platform, packages, runs }
}

function packageRows(
  engineHost: EngineHost,
  own: PackageInstall,
  foreign: PackageInstall,
  context: Directory,
): Partial<Record<RowName, Work>> {
  const again = (install: PackageInstall, cacheBuster: string) => ({
    ...install,
    root: withCacheBuster(install.root, cacheBuster),
  })
  return {
    native: async ({ phase }, cacheBuster) =>
      installMethodOf(await installPackages(engineHost, again(own, cacheBuster), undefined, phase)),
    accelerated: async ({ phase }, cacheBuster) => {
      const nativeTools = timedNativeTools(phase, again(own, cacheBuster))
      return installMethodOf(await installPackages(engineHost, again(foreign, cacheBuster), nativeTools, phase))
    },
    both: async ({ phase }, cacheBuster) => {
      const nativeTools = timedNativeTools(phase, again(own, cacheBuster))
      const [, installed] = await Promise.all([
        phase(engineHost.platform, () => installPackages(engineHost, again(own, cacheBuster))),
        phase(foreign.platform, () => installPackages(engineHost, again(foreign, cacheBuster), nativeTools)),
      ])
      return installMethodOf(installed)
    },
    emulated: async ({ phase }, cacheBuster) =>
      installMethodOf(await installPackages(engineHost, again(foreign, cacheBuster), undefined, phase)),
    dockerfile: async (_, cacheBuster) => {
      // A builder knows a step by the content of the folder that it is given.
      await dockerfile(context.withNewFile("moment", cacheBuster), engineHost, foreign.platform, "packages").sync()
      return {}
    },
  }
}

function timedNativeTools(phase: Phase, install: PackageInstall): NativeToolsInstall {
  const { root, unpacked } = nativeToolsOf(install)
  return { root, unpacked: phase("native tools", () => unpacked) }
}

function installMethodOf({ installMethod, reason }: InstalledPackages): Pick<MeasuredRun, "installMethod" | "reason"> {
  return { installMethod, ...(reason === undefined ? {} : { reason }) }
}

/** A stage of the plain Dockerfile, as a builder without a pipeline makes it. */
function dockerfile(context: Directory, { base }: EngineHost, platform: PlatformName, target: string): Container {
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
 * @param cacheBuster what makes its steps new; the same value again is a build of which nothing has changed
 */
export async function benchBuild(
  { request: { compression, refresh }, inputs, progress, cacheBytes }: BenchSession,
  variant: VariantName,
  cacheBuster: string,
  { write, push }: Delivery,
): Promise<{ run: MeasuredRun; compressedBytes: Partial<Record<PlatformName, number>> }> {
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
      built = await build(request, { ...inputs, cacheBuster }, new Progress(watch))
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
  work: (watch: Stopwatch) => Promise<Pick<MeasuredRun, "installMethod" | "reason">>,
  ...forward: ConstructorParameters<typeof Stopwatch>
): Promise<MeasuredRun> {
  const before = await cacheBytes()
  const watch = new Stopwatch(...forward)
  const how = await work(watch)
  const seconds = watch.seconds()
  const grown = (await cacheBytes()) - before
  return { seconds, ...(grown < 0 ? {} : { diskBytes: grown }), phases: watch.phases, ...how }
}

/** Finds out what the engine runs on. */
export async function benchMachine({ request, inputs, progress }: BenchSession): Promise<Machine> {
  const { native: engineHost } = await prepare(request, inputs.caBundle, progress)
  const [foreign] = foreignTo(engineHost)
  const container = foreign
    ? engineHost.container.withMountedDirectory("/target", engineHost.root(foreign).rootfs())
    : engineHost.container
  const output = await container.withExec(["sh", "-c", script("machine.sh")]).stdout()
  const [processors = "", kilobytes = "", kernel = "unknown", emulator = "unknown"] = output.trim().split("\n")
  return {
    platform: engineHost.platform,
    processors: Number(processors),
    memoryBytes: Number(kilobytes) * 1024,
    kernel,
    engine: await dag.version(),
    emulator,
  }
}
