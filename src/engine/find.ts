import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { containerEngine, type ContainerEngine } from "./container-engine.js"
import { cliOfImage } from "./image/cli.js"
import { recordedBases } from "./bare/instance/known.js"
import { bareEngine, type BareEngine } from "./bare/up.js"
import { ENGINE_IMAGE } from "./bare/state/version.js"

export interface FoundEngine {
  kind: "environment" | "docker" | "podman" | "bare"
  /** Of Docker or podman. */
  version?: string
  /** Why this one was chosen, in a clause that follows its name. */
  reason: string
  /** To be set in process.env before `connection()`. */
  env: Record<string, string>
  /** Of a bare engine: the local registry's host:port on the host's loopback. */
  registry?: string
  /** Of a bare engine of this machine: the digests that builds start from, by the base's name. */
  baseDigests?: Readonly<Record<string, string>>
}

export interface FindOptions {
  /** false with --no-bare-engine */
  bareEngine: boolean
  /** Called with progress, one line at a time. */
  log: (line: string) => void
}

/** What the search checks. Tests substitute their own. */
export interface Probes {
  env: NodeJS.ProcessEnv
  /** The version of the container engine's server, or undefined when none is running. */
  server: (cli: ContainerEngine) => Promise<string | undefined>
  /** Dagger's command line, if the engine's image in this container engine brings it. */
  imageCli: (cli: ContainerEngine) => Promise<string | undefined>
  bare: (options: { log: (line: string) => void }) => Promise<BareEngine>
  /** The base images of a bare engine of this machine, by the address that leads to it; undefined for any other engine. */
  recordedBases: (address: string) => Readonly<Record<string, string>> | undefined
}

export const RUNNER_HOST = "_EXPERIMENTAL_DAGGER_RUNNER_HOST"
export const CLI_BIN = "_EXPERIMENTAL_DAGGER_CLI_BIN"
/** The Dagger CLI reports usage otherwise. */
const QUIET = { DO_NOT_TRACK: "1" }

/** By itself, Dagger's client takes Docker if there is a program of that name, and fails if that has no daemon. */
const DRIVERS: Readonly<Record<ContainerEngine, Record<string, string>>> = {
  docker: {},
  podman: { [RUNNER_HOST]: `image+podman://${ENGINE_IMAGE}` },
}

/**
 * Finds the engine that a build runs on, in this order: the one that the environment names; Docker or podman, where the SDK
 * starts an engine of its own version; the bare engine, which is started if it is not running.
 *
 * @throws RunnerImagesError ENGINE_UNAVAILABLE when there is none and the bare engine is ruled out, ENGINE_STATE or ENGINE_PORT
 *   when another program poses as the bare engine, or any error of starting it
 */
export async function findEngine(options: FindOptions, probes: Probes = realProbes): Promise<FoundEngine> {
  const named = probes.env[RUNNER_HOST]
  if (named !== undefined && named !== "") {
    const cli = probes.env[CLI_BIN]
    const baseDigests = probes.recordedBases(named)
    return {
      kind: "environment",
      reason: `${RUNNER_HOST} is set to ${named}`,
      env: { ...QUIET, [RUNNER_HOST]: named, ...(cli ? { [CLI_BIN]: cli } : {}) },
      ...(baseDigests ? { baseDigests } : {}),
    }
  }
  for (const cli of ["docker", "podman"] as const) {
    const version = await probes.server(cli)
    if (version === undefined) continue
    // Dagger's client downloads its command line otherwise.
    const client = probes.env[CLI_BIN] || (await probes.imageCli(cli))
    const env = { ...QUIET, ...DRIVERS[cli], ...(client ? { [CLI_BIN]: client } : {}) }
    return { kind: cli, version, reason: `${cli} ${version} is running`, env }
  }
  if (!options.bareEngine)
    throw new RunnerImagesError(
      "ENGINE_UNAVAILABLE",
      `Neither Docker nor podman is running, ${RUNNER_HOST} is not set, and --no-bare-engine rules out the bare engine.`,
      `Start Docker, or set ${RUNNER_HOST} to an engine, or leave out --no-bare-engine.`,
    )
  const bare = await probes.bare({ log: options.log })
  return {
    kind: "bare",
    reason: `neither Docker nor podman is running and ${RUNNER_HOST} is not set`,
    env: bare.env,
    registry: bare.registry,
    baseDigests: bare.baseDigests,
  }
}

async function runningServer(cli: ContainerEngine): Promise<string | undefined> {
  const found = await containerEngine(cli, process.env, 10_000)
  return found.state === "running" ? found.version : undefined
}

export const realProbes: Probes = {
  env: process.env,
  server: runningServer,
  imageCli: cliOfImage,
  bare: bareEngine,
  recordedBases,
}
