import { dag, type Container, type Directory } from "@dagger.io/dagger"
import type { BenchRequest, Machine, RowName, MeasuredRun, Traffic } from "../../core/bench/bench.js"
import { PLATFORMS, type PlatformName } from "../../core/platforms.js"
import type { BuildRequest } from "../../core/request/request.js"
import type { VariantName } from "../../core/variants/names.js"
import { assertAllPassed, buildVariants } from "../build.js"
import type { NativeToolsInstall } from "../packages/acceleration.js"
import { withCacheBuster, type EngineHost } from "../engine/engine-host.js"
import { foreignTo, packagesFor, preparePackageSet, resolved, type PackageSetContext } from "../image/package-set.js"
import { installPackages, nativeToolsOf, type InstalledPackages, type PackageInstall } from "../packages/packages.js"
import { deliver, type Destination } from "../oci/destination.js"
import { asPlatform } from "../engine/platform.js"
import { Progress, type Phase } from "../../core/progress/progress.js"
import { prepareBuild, type BuildInputs } from "../image/build-context.js"
import { scripts } from "../engine/script.js"
import { withoutSyntax } from "../../core/dockerfile/dockerfile.js"
import { dockerFiles } from "../image/docker-files.js"
import type { UploadedFile } from "../engine/uploads.js"
import { Stopwatch } from "../../core/bench/stopwatch.js"
import type { BuiltVariant } from "../image/built-variant.js"

/** One session's part of a benchmark. */
export interface BenchSession {
  request: BenchRequest
  inputs: BuildInputs
  progress: Progress
  /** The size of the engine's cache on disk. Provided by the entry point, because a module cannot query it. */
  cacheBytes: () => Promise<number>
  /** What this program has sent to the engine so far. */
  traffic: () => Traffic
}

/** The counters from which a measurement takes its differences. */
type Counters = Pick<BenchSession, "cacheBytes" | "traffic">

/** Each row once, for one variant's packages and the additional ones. */
export interface PackageRound {
  platform: PlatformName
  /** Package files per platform. */
  packages: Partial<Record<PlatformName, number>>
  runs: Partial<Record<RowName, MeasuredRun>>
}

/**
 * Installs a variant's packages in every requested way, one after the other, for every foreign platform. Each starts from the same
 * state: package files downloaded, base images pulled, nothing installed.
 *
 * @param round the cache key of this round's steps
 */
export async function benchPackages(
  session: BenchSession,
  variant: VariantName,
  round: string,
): Promise<PackageRound[]> {
  const { request, inputs, progress } = session
  const context = await preparePackageSet(request, inputs, progress)
  const rounds: PackageRound[] = []
  for (const platform of foreignTo(context.engineHost))
    rounds.push(await packageRound(session, context, { variant, platform, round }))
  return rounds
}

/** One measurement of one row. */
type Work = (watch: Stopwatch, cacheBuster: string) => Promise<Pick<MeasuredRun, "installMethod" | "reason">>

async function packageRound(
  { request, inputs, cacheBytes, traffic }: BenchSession,
  context: PackageSetContext,
  { variant, platform, round }: { variant: VariantName; platform: PlatformName; round: string },
): Promise<PackageRound> {
  const { engineHost, progress } = context
  const names = packagesFor(request, variant)
  const own = await resolved(context, engineHost.platform, names)
  const foreign = await resolved(context, platform, names)
  const dockerContext = inputs.uploads
    .directory(forOwnFrontend(dockerFiles(inputs.docker)))
    .withDirectory("debs", foreign.debs)
  const works = packageRows(engineHost, own, foreign, dockerContext)
  await progress.run("all platforms", "download", () =>
    Promise.all([
      own.debs.sync(),
      own.root.sync(),
      foreign.root.sync(),
      dockerContext.sync(),
      dockerfile(dockerContext, engineHost, platform, "standard-debs-target").sync(),
    ]),
  )
  const runs: PackageRound["runs"] = {}
  for (const row of request.rows) {
    const work = works[row]
    if (!work) continue
    runs[row] = await progress.run(row === "native" ? engineHost.platform : platform, row, () =>
      measure({ cacheBytes, traffic }, (watch) => work(watch, `${round} ${row}`)),
    )
  }
  const packages = { [engineHost.platform]: own.packages.length, [platform]: foreign.packages.length }
  return { platform, packages, runs }
}

function packageRows(
  engineHost: EngineHost,
  own: PackageInstall,
  foreign: PackageInstall,
  dockerContext: Directory,
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
      // A builder identifies a step by the files that it copies.
      await dockerfile(
        dockerContext.withNewFile("debs/cache-buster", cacheBuster),
        engineHost,
        foreign.platform,
        "standard-packages",
      ).sync()
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

/** With a Dockerfile that the engine's own frontend reads: the one that the file names would be fetched. */
function forOwnFrontend(files: Record<string, UploadedFile>): Record<string, UploadedFile> {
  const file = files["Dockerfile"]
  if (file === undefined || typeof file === "string" || !("content" in file))
    throw new Error("docker/Dockerfile is missing")
  return { ...files, Dockerfile: withoutSyntax(Buffer.from(file.content).toString("utf8")) }
}

/** A stage of the plain Dockerfile, built without the pipeline: for another platform, by that one's own programs. */
function dockerfile(dockerContext: Directory, { base }: EngineHost, platform: PlatformName, target: string): Container {
  const buildArgs = [
    { name: "BASE", value: base },
    { name: "SOURCES", value: "registry" },
    { name: "INSTALL", value: "emulated" },
  ]
  return dockerContext.dockerBuild({ platform: asPlatform(platform), target, buildArgs })
}

/** Where a built image goes. The delivery is timed with the build, as a separate phase. */
export interface BenchDestinations {
  write: Destination
  push?: Destination
}

/**
 * Builds a variant's images for all platforms, from registries.
 *
 * @param cacheBuster the cache key of its steps; repeating a value measures a build with nothing changed
 */
export async function benchBuild(
  { request: { compression, refresh }, inputs, progress, cacheBytes, traffic }: BenchSession,
  variant: VariantName,
  cacheBuster: string,
  destinations: BenchDestinations,
): Promise<{ run: MeasuredRun; compressedBytes: Partial<Record<PlatformName, number>> }> {
  const request: BuildRequest = {
    platforms: [...PLATFORMS],
    variants: [variant],
    sources: "registry",
    runner: "act",
    sudo: false,
    refresh,
    compression,
  }
  let built: BuiltVariant[] = []
  const run = await measure(
    { cacheBytes, traffic },
    async (watch) => {
      const context = await prepareBuild(request, { ...inputs, cacheBuster }, new Progress(watch))
      built = await buildVariants(context)
      assertAllPassed(built, request)
      // Without the deliveries' own steps, which are parts of these phases.
      const silent = { ...context, progress: new Progress() }
      for (const [phase, destination] of Object.entries(destinations))
        await watch.phase(phase, () => deliver(built, [destination], silent))
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
  { cacheBytes, traffic }: Counters,
  work: (watch: Stopwatch) => Promise<Pick<MeasuredRun, "installMethod" | "reason">>,
  ...forward: ConstructorParameters<typeof Stopwatch>
): Promise<MeasuredRun> {
  const before = await cacheBytes()
  const sentBefore = traffic()
  const watch = new Stopwatch(...forward)
  const how = await work(watch)
  const seconds = watch.seconds()
  const sent = traffic()
  const grown = (await cacheBytes()) - before
  return {
    seconds,
    ...(grown < 0 ? {} : { diskBytes: grown }),
    traffic: { requests: sent.requests - sentBefore.requests, bytes: sent.bytes - sentBefore.bytes },
    phases: watch.phases,
    ...how,
  }
}

/** Describes the machine on which the engine runs. */
export async function benchMachine({ request, inputs, progress }: BenchSession): Promise<Machine> {
  const { engineHost } = await preparePackageSet(request, inputs, progress)
  const [foreign] = foreignTo(engineHost)
  const container = foreign
    ? engineHost.container.withMountedDirectory("/target", engineHost.root(foreign).rootfs())
    : engineHost.container
  const output = await container
    .withMountedDirectory("/plan", engineHost.uploads.directory(scripts(["machine.sh"])))
    .withExec(["sh", "/plan/machine.sh"])
    .stdout()
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
