import pRetry from "p-retry"
import type { BrokerClient } from "../broker/client/client.js"
import type { Grant } from "../github/registered-runner.js"
import type { PublicConfiguration } from "../configuration/configuration.js"
import type { Environment } from "../environment.js"
import { RuntimeFailure } from "../failure.js"
import type { Log } from "../log.js"
import type { PerformOperation } from "../broker/server/github-registrar.js"
import { copyConfiguration, isConfigured, removeConfiguration } from "../runner/configuration-files.js"

const SECOND = 1000

export interface RegistrationOptions {
  readonly configuration: PublicConfiguration
  readonly broker: Pick<BrokerClient, "register">
  /** The runner's. */
  readonly folder: string
  /** For config.sh, without secrets. */
  readonly environment: Environment
  /** Of the image: the checksums of the runner's programs. */
  readonly manifest: string
  readonly perform: PerformOperation
  readonly log: Log
  readonly signal: AbortSignal
  /** How long config.sh is retried while it cannot reach the server, in milliseconds. */
  readonly window?: number
  /** Before the second try, in milliseconds; doubled up to eight times that. */
  readonly delay?: number
}

/**
 * Configures the runner: with the broker's grant, or from the folder in which an earlier container kept its configuration.
 *
 * @returns whether the configuration was made now; jobs may have changed an earlier one
 * @throws {RuntimeFailure} as the broker, configure and writeJitConfiguration; REGISTRATION for programs that a job has changed
 * @throws the reason of the program's signal when it was aborted
 */
export async function obtainRegistration(options: RegistrationOptions): Promise<boolean> {
  const { configuration, folder, log } = options
  const { reuseFolder, name, labels } = configuration
  if (reuseFolder !== undefined && copyConfiguration(reuseFolder, folder)) {
    log.info(`the runner is already registered, with the configuration in ${reuseFolder}`)
    return false
  }
  const isNew = !(await keepsItsOwn(options))
  if (isNew) await register(options)
  await tellConfigured(options)
  log.info(`registered as ${name} with the labels ${labels.join(", ")}`)
  if (reuseFolder !== undefined) copyConfiguration(folder, reuseFolder)
  return isNew
}

/**
 * Programs that are no longer the image's get no token. A runner that updated itself and was killed still has its registration and continues
 * with it, which needs no secret.
 */
async function keepsItsOwn({
  folder,
  manifest,
  perform,
  log,
  configuration,
  signal,
}: RegistrationOptions): Promise<boolean> {
  if (configuration.ephemeral || !isConfigured(folder)) return false
  const changes = await perform("changedPrograms", { folder, manifest }, signal)
  if (changes.length === 0) return false
  log.warn(
    `the runner's programs are no longer those of the image (${changes[0] ?? ""}): it keeps its registration and is not registered again`,
  )
  return true
}

async function register(options: RegistrationOptions): Promise<void> {
  const { broker, configuration, folder, log, signal, window = 150 * SECOND, delay = 2 * SECOND } = options
  const { workFolder } = configuration
  const stale = removeConfiguration(folder)
  if (stale.length > 0) log.info(`removed the configuration of an earlier start: ${stale.join(", ")}`)
  const start = performance.now()
  const attempt = async (): Promise<void> => {
    const grant = await broker.register({ configured: false, workFolder }, signal)
    removeConfiguration(folder)
    await use(grant, options)
  }
  await pRetry(attempt, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: delay,
    maxTimeout: 8 * delay,
    randomize: true,
    signal,
    shouldRetry: ({ error, retryDelay }) => {
      // The broker's own requests to GitHub were already retried.
      if (!(error instanceof UseFailure) || error.failure.code !== "NETWORK") return false
      if (performance.now() + retryDelay - start > window) return false
      log.warn(`${error.failure.message}; registering again in ${String(Math.ceil(retryDelay / SECOND))} s`)
      return true
    },
  }).catch((error: unknown) => {
    throw error instanceof UseFailure ? error.failure : error
  })
}

/** What went wrong when a grant was used. */
class UseFailure extends Error {
  constructor(readonly failure: RuntimeFailure) {
    super(failure.message)
  }
}

async function use(grant: Grant, options: RegistrationOptions): Promise<void> {
  const { configuration, folder, environment, manifest, perform, signal } = options
  const { name, labels, noDefaultLabels, workFolder, replace, ephemeral, disableUpdate } = configuration
  try {
    if (grant.grant === "jit")
      await perform("writeJitConfiguration", { folder, configuration: grant.configuration }, signal)
    if (grant.grant === "token") {
      const own = { name, labels, noDefaultLabels, workFolder, replace, ephemeral, disableUpdate }
      const { token, target } = grant
      await perform("configure", { configuration: { ...own, ...target }, token, folder, environment, manifest }, signal)
    }
  } catch (error) {
    // A runner that was registered while a stop was requested has to be removed again.
    if (signal.aborted && isConfigured(folder))
      await tellConfigured({ ...options, signal: AbortSignal.timeout(5 * SECOND) })
    throw error instanceof RuntimeFailure ? new UseFailure(error) : error
  }
}

/** From now on the broker grants nothing more, and knows which runner to remove. */
async function tellConfigured({ broker, configuration, signal }: RegistrationOptions): Promise<void> {
  await broker.register({ configured: true, workFolder: configuration.workFolder }, signal)
}
