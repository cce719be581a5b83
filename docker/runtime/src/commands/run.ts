import { setTimeout as sleep } from "node:timers/promises"
import { join } from "node:path"
import { startBroker } from "../broker/client/broker-process.js"
import type { BrokerClient } from "../broker/client/client.js"
import type { PublicSetup } from "../broker/protocol/start-message.js"
import { cleaningVariables } from "../container/cleaning-plan.js"
import { dockerAddress, waitForDocker } from "../container/docker-socket.js"
import { type PreparedContainer, prepareContainer } from "../container/prepare.js"
import type { Environment } from "../environment.js"
import type { RuntimeFailure } from "../failure.js"
import { StateKeeper } from "../supervisor/state-keeper.js"
import { log } from "../log.js"
import { performInWorker } from "../operations/worker-process.js"
import { removeConfiguration } from "../runner/configuration-files.js"
import { startListener } from "../runner/listener.js"
import { obtainRegistration } from "../supervisor/obtain-registration.js"
import { type RunnerParts, stopTimes } from "../supervisor/runner-parts.js"
import { runnerText } from "../runner-text.js"
import { RunnerState } from "../supervisor/runner-state.js"
import { stopRunner } from "../supervisor/stop-runner.js"
import { StopRequest, takeSignals } from "../processes/stop-request.js"
import { supervise } from "../supervisor/supervise.js"
import { containerUsage } from "../usage/container-usage.js"
import { JobMeter } from "../usage/job-meter.js"
import type { PublicConfiguration } from "../configuration/configuration.js"

export interface RunOptions {
  /** For run.sh: `["--once"]`. */
  readonly args: readonly string[]
  /** From the arguments: how some start the runner. */
  readonly jitConfiguration?: string | undefined
}

/** How it ended: `failure` is undefined if it ended well. The code is the failure's, unless the stop was hurried. */
export interface RunResult {
  readonly failure: RuntimeFailure | undefined
  readonly exitCode: number
}

/** Seconds until the runner has to listen, in addition to configured delays. */
const START_SECONDS = 300

/** In the program's folder: the checksums of the runner's programs, as they are in the image. */
const MANIFEST = "runner.sha256"

const STAYS_LISTED =
  "there is no credential to remove the runner with, so only this machine's files are removed; GitHub lists the runner as offline and removes it later"

/**
 * Registers the runner, runs it, and takes it off GitHub's list when it ends.
 *
 * @throws {RuntimeFailure} when it could not be started
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

async function start({ args, jitConfiguration }: RunOptions, stop: StopRequest): Promise<RuntimeFailure | undefined> {
  const { setup, client } = await startBroker({ jitConfiguration })
  try {
    const { configuration, ...container } = await prepare(setup)
    log.info(`runner ${runnerText(setup.image.runner)}`)
    return await runRunner({ args, stop, setup: { ...setup, configuration }, container, broker: client })
  } finally {
    client.close()
  }
}

interface Runner {
  readonly args: readonly string[]
  readonly stop: StopRequest
  readonly setup: PublicSetup
  readonly container: Omit<PreparedContainer, "configuration">
  readonly broker: BrokerClient
}

async function runRunner(given: Runner): Promise<RuntimeFailure | undefined> {
  const { stop, setup, container, broker } = given
  const { configuration, environment } = setup
  const { runner, stateFolder } = container
  const state = new RunnerState()
  const keeper = new StateKeeper(state, {
    stateFolder,
    runnerFolder: runner.path,
    startSeconds: START_SECONDS + configuration.startupDelaySeconds + configuration.waitForDockerSeconds,
    registrationSkipped: configuration.skipRegistration,
  })
  const { startMetrics } = await import("../metrics/metrics.js")
  const { metrics, ...service } = await startMetrics(configuration, setup.image, () => keeper.report())
  state.onChange(({ phase }) => {
    metrics.phase(phase)
  })
  const meter = configuration.metrics.enabled
    ? new JobMeter(containerUsage(setup.paths.root), configuration.workFolder)
    : undefined
  let cleaning = container.cleaning
  const environmentForJobs = (): Environment => ({
    ...container.environment,
    ...(cleaning && cleaningVariables(cleaning, setup.paths)),
  })
  const parts = partsFor(given, state, environmentForJobs)
  try {
    await wait(configuration, environment, stop.stop)
    if (configuration.skipRegistration) {
      await untilStopped(state, stop.stop)
      return undefined
    }
    await cleanBeforeJobs(container)
    state.enter("registering")
    const isNew = await obtainRegistration({
      configuration,
      broker,
      folder: runner.path,
      environment: container.environment,
      manifest: join(setup.paths.library, MANIFEST),
      perform: performInWorker,
      log,
      signal: stop.stop,
    })
    if (cleaning && isNew) {
      // Loaded only if needed: cryptography takes memory.
      const { withRunnerLabel } = await import("../container/runner-label.js")
      cleaning = withRunnerLabel(cleaning, runner.path)
    }
    return await supervise(parts, (event) => {
      if (event.type === "job-started") {
        metrics.jobStarted(event.name, new Date())
        meter?.start()
      }
      if (event.type === "job-completed") {
        metrics.jobCompleted(event.name, event.result, new Date())
        if (meter) metrics.jobUsed(meter.stop())
      }
    })
  } catch (error) {
    if (!stop.stop.aborted) throw error
    return await stopRunner(parts, undefined)
  } finally {
    state.enter("ended")
    meter?.cancel()
    container.end()
    await service.stop()
  }
}

async function prepare(setup: PublicSetup): Promise<PreparedContainer> {
  return await prepareContainer({ ...setup, uid: process.getuid?.() ?? 0, log })
}

/** Removes what jobs left that were running when an earlier container ended. Nothing that goes wrong keeps the runner from starting. */
async function cleanBeforeJobs({ cleaning: plan, environment }: Runner["container"]): Promise<void> {
  if (!plan) return
  await performInWorker("cleanBeforeJobs", { plan, environment }).catch((error: unknown) =>
    log.warn(`what earlier jobs left may still be there: ${error instanceof Error ? error.message : String(error)}`),
  )
}

/** Waits as configured before the runner registers. */
async function wait(configuration: PublicConfiguration, environment: Environment, signal: AbortSignal): Promise<void> {
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
  { args, stop, setup, container, broker }: Runner,
  state: RunnerState,
  environmentForJobs: () => Environment,
): RunnerParts {
  const { configuration, asksGitHub, ephemeral } = setup
  const { runner } = container
  return {
    state,
    stop,
    log,
    start: () => startListener({ folder: runner.path, environment: environmentForJobs(), args }),
    leave: configuration.deregister
      ? {
          deregister: async (signal) => {
            const removal = asksGitHub ? await broker.remove(signal) : "local"
            if (removal === "local") log.warn(STAYS_LISTED)
            if (removal !== "busy") removeConfiguration(runner.path)
            return removal
          },
          asksGitHub,
        }
      : undefined,
    ephemeral,
    forget: () => void removeConfiguration(runner.path),
    times: stopTimes(configuration.gracefulStopSeconds),
  }
}
