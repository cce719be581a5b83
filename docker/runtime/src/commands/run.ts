import { setTimeout as sleep } from "node:timers/promises"
import type { Configuration } from "../configuration/configuration.js"
import { dockerAddress, waitForDocker } from "../container/docker-socket.js"
import { type PreparedContainer, prepareContainer } from "../container/prepare.js"
import type { Environment } from "../environment.js"
import type { RuntimeFailure } from "../failure.js"
import { StateKeeper } from "../health/state-keeper.js"
import type { ImagePaths } from "../image-paths.js"
import { log } from "../log.js"
import type { RegistrationContext } from "../operations/operation.js"
import { WorkerProcess } from "../operations/worker-process.js"
import { removeConfiguration } from "../runner/configuration-files.js"
import { startListener } from "../runner/listener.js"
import { type RunnerParts, stopTimes } from "../supervisor/runner-parts.js"
import { RunnerState } from "../supervisor/runner-state.js"
import { stopRunner } from "../supervisor/stop-runner.js"
import { StopRequest, takeSignals } from "../supervisor/stop-request.js"
import { supervise } from "../supervisor/supervise.js"

export interface RunOptions {
  /** For run.sh: `["--once"]`. */
  readonly args: readonly string[]
  /** The container's. */
  readonly environment: Environment
  readonly paths: ImagePaths
}

/** How it ended: `failure` undefined for well. The code is the failure's, unless somebody was in a hurry. */
export interface RunResult {
  readonly failure: RuntimeFailure | undefined
  readonly exitCode: number
}

/** Beyond what somebody asked to wait for, so many seconds may pass until the runner listens. */
const START_SECONDS = 300

/**
 * Registers the runner, runs it, and takes it off GitHub's list when it ends.
 *
 * @throws {RuntimeFailure} when it did not come to run
 */
export async function run(options: RunOptions): Promise<RunResult> {
  const stop = new StopRequest()
  const release = takeSignals(stop, tellSignal)
  try {
    const failure = await start(options, stop)
    return { failure, exitCode: stop.exitCode ?? failure?.exitCode ?? 0 }
  } finally {
    release()
  }
}

function tellSignal(signal: NodeJS.Signals, count: 1 | 2 | 3): void {
  const what = { 1: "stopping", 2: "stopping without waiting for a job", 3: "stopping at once" }
  log.info(`${signal}: ${what[count]}`)
}

async function start({ args, environment, paths }: RunOptions, stop: StopRequest): Promise<RuntimeFailure | undefined> {
  const { container, context } = await prepare(environment, paths)
  const { containerEnvironment } = context
  const { configuration, runner, stateFolder } = container
  const state = new RunnerState()
  const keeper = new StateKeeper(state, {
    stateFolder,
    runnerFolder: runner.path,
    startSeconds: START_SECONDS + configuration.startupDelaySeconds + configuration.waitForDockerSeconds,
    registrationSkipped: configuration.skipRegistration,
  })
  const { startMetrics } = await import("../metrics/metrics.js")
  const { metrics, ...service } = await startMetrics(configuration, context.setup.image, () => keeper.report())
  state.onChange(({ phase }) => {
    metrics.phase(phase)
  })
  const parts = partsFor(container, context, { args, state, stop })
  try {
    await wait(configuration, containerEnvironment, stop.stop)
    if (configuration.skipRegistration) {
      await untilStopped(state, stop.stop)
      return undefined
    }
    state.enter("registering")
    await withWorker((worker) => worker.ask("register", context, stop.stop))
    return await supervise(parts, (event) => {
      if (event.type === "job-started") metrics.jobStarted(event.name, new Date())
      if (event.type === "job-completed") metrics.jobCompleted(event.name, event.result, new Date())
    })
  } catch (error) {
    if (!stop.stop.aborted) throw error
    return await stopRunner(parts, undefined)
  } finally {
    state.enter("ended")
    container.end()
    await service.stop()
  }
}

async function withWorker<T>(use: (worker: WorkerProcess) => Promise<T>): Promise<T> {
  const worker = new WorkerProcess()
  try {
    return await use(worker)
  } finally {
    await worker.end()
  }
}

interface Prepared {
  readonly container: PreparedContainer
  readonly context: RegistrationContext
}

async function prepare(given: Environment, paths: ImagePaths): Promise<Prepared> {
  const setup = await withWorker((worker) => worker.ask("readConfiguration", { environment: given, paths }))
  // With what ENV_FILE has of proxies and Docker.
  const environment = { ...given, ...setup.jobEnvironment }
  for (const secret of setup.secrets) log.hide(secret)
  for (const warning of setup.warnings) log.warn(warning)
  if (setup.configuration.debug || setup.configuration.skipRegistration) tellConfiguration(setup.configuration)
  const container = await prepareContainer({ ...setup, environment, paths, uid: process.getuid?.() ?? 0, log })
  return {
    container,
    context: {
      setup: { ...setup, configuration: container.configuration },
      folder: container.runner.path,
      environment: container.environment,
      containerEnvironment: environment,
    },
  }
}

/** What somebody asked to wait for before the runner registers. */
async function wait(configuration: Configuration, environment: Environment, signal: AbortSignal): Promise<void> {
  const { startupDelaySeconds, waitForDockerSeconds, startDocker } = configuration
  if (startupDelaySeconds > 0) {
    log.info(`waiting for ${startupDelaySeconds} s`)
    await sleep(startupDelaySeconds * 1000, undefined, { signal })
  }
  // A daemon of our own needs a while in any case.
  const seconds = startDocker && waitForDockerSeconds === 0 ? 60 : waitForDockerSeconds
  const address = dockerAddress(environment)
  if (seconds > 0 && address) await waitForDocker(address, seconds, signal)
}

async function untilStopped(state: RunnerState, signal: AbortSignal): Promise<void> {
  log.info("registration is skipped; waiting for a signal to stop")
  // A listener for a signal alone keeps no program alive.
  await sleep(2 ** 31 - 1, undefined, { signal }).catch(() => undefined)
  state.enter("stopping")
}

function partsFor(
  { configuration, runner, environment }: PreparedContainer,
  context: RegistrationContext,
  { args, state, stop }: { args: readonly string[]; state: RunnerState; stop: StopRequest },
): RunnerParts {
  const { kind } = configuration.authentication
  return {
    state,
    stop,
    log,
    start: () => startListener({ folder: runner.path, environment, args }),
    leave: configuration.deregister
      ? {
          deregister: (signal) => withWorker((worker) => worker.ask("deregister", context, signal)),
          asksGitHub: kind === "token" || kind === "app",
        }
      : undefined,
    ephemeral: configuration.ephemeral || kind === "jit",
    forget: () => void removeConfiguration(runner.path),
    times: stopTimes(configuration.gracefulStopSeconds),
  }
}

/** The configuration as it was understood, without secrets. */
function tellConfiguration({ authentication, ...configuration }: Configuration): void {
  log.info("configuration:")
  log.info(`  authentication: ${authentication.kind}`)
  for (const [name, value] of Object.entries(configuration)) log.info(`  ${name}: ${JSON.stringify(value)}`)
}
