import pRetry, { AbortError } from "p-retry"
import type { Configuration } from "../configuration/configuration.js"
import { RuntimeFailure } from "../failure.js"
import type { RegisteredRunner, Runners } from "../github/runners.js"
import type { TokenSource } from "../github/tokens.js"
import type { Log } from "../log.js"
import type { ConfigProgram } from "./config-program.js"
import { isConfigured, removeConfiguration } from "./configuration-files.js"
import { configure, remove } from "./configure.js"
import { readSettings, type RunnerSettings } from "./settings.js"

const SECOND = 1000

export interface RegistrationOptions {
  readonly configuration: Configuration
  readonly tokens: TokenSource
  /** GitHub's list, for what config.sh cannot remove. */
  readonly runners?: Runners | undefined
  readonly program: ConfigProgram
  readonly log: Log
  /** How long config.sh is tried again while the server is out of its reach, in milliseconds. */
  readonly window?: number
  /** Before the second try, in milliseconds; doubled up to eight times that. */
  readonly delay?: number
}

/**
 * Registers the runner, each try with a fresh token, after what a killed runner left was removed.
 *
 * @throws {RuntimeFailure} as TokenSource.registrationToken and configure
 * @throws the reason of the program's signal when it was aborted
 */
export async function register(options: RegistrationOptions): Promise<void> {
  const { configuration, tokens, program, log, window = 150 * SECOND, delay = 2 * SECOND } = options
  const { folder, signal } = program
  const stale = removeConfiguration(folder)
  if (stale.length > 0) log.info(`removed the configuration of an earlier start: ${stale.join(", ")}`)
  const start = performance.now()
  const attempt = async (): Promise<void> => {
    // Getting a token has a patience of its own.
    const token = await tokens.registrationToken(signal).catch(final)
    removeConfiguration(folder)
    await configure(configuration, token, program)
  }
  await pRetry(attempt, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: delay,
    maxTimeout: 8 * delay,
    randomize: true,
    signal,
    shouldRetry: ({ error, retryDelay }) => {
      if (!(error instanceof RuntimeFailure) || error.code !== "NETWORK") return false
      if (performance.now() + retryDelay - start > window) return false
      log.warn(`${error.message}; registering again in ${String(Math.ceil(retryDelay / SECOND))} s`)
      return true
    },
  })
}

function final(error: unknown): never {
  throw error instanceof Error ? new AbortError(error) : error
}

/**
 * What became of the runner: `absent` when it was not configured, `local` when only its files could be removed, `busy` when GitHub does
 * not let it go yet since it has a job.
 */
export type Deregistration = "removed" | "local" | "busy" | "absent"

/**
 * Takes the runner off GitHub's list: by config.sh with a fresh token, else by the list itself.
 *
 * @throws {RuntimeFailure} as TokenSource.removalToken and Runners; REGISTRATION when nothing helped. The files are left then.
 * @throws the reason of the program's signal when it was aborted
 */
export async function deregister(options: RegistrationOptions): Promise<Deregistration> {
  const { tokens, program, log } = options
  const { folder, signal } = program
  // An ephemeral runner takes its configuration away itself after its job.
  if (!isConfigured(folder)) return "absent"
  const settings = readSettings(folder)
  // Asked first: config.sh tries for ten seconds, and a job that runs meanwhile could read the token in its environment.
  if ((await findOnList(options, settings))?.busy === true) return "busy"
  const token = await tokens.removalToken(signal)
  if (token === undefined) {
    log.warn(
      "there is nothing to get a removal token with, so that only this machine's files are removed; GitHub lists the runner as offline, and removes it in time",
    )
    await removeFiles(options)
    return "local"
  }
  const removal = await remove(token, program)
  if (removal.outcome !== "failed") return removal.outcome
  const { code, lines } = removal.result
  const said = lines.findLast((line) => line.trim() !== "")?.trim() ?? "nothing"
  log.warn(`config.sh remove ended with code ${String(code)}: ${said}`)
  const outcome = await removeFromList(options, settings)
  if (outcome === undefined)
    throw new RuntimeFailure(
      "REGISTRATION",
      `the runner could not be removed from GitHub: ${said}`,
      "Remove it in the settings, under Actions, Runners. GitHub removes it itself when it was offline for long enough.",
    )
  if (outcome !== "busy") await removeFiles(options)
  return outcome
}

/** @returns undefined when there is no list to remove it from */
async function removeFromList(
  options: RegistrationOptions,
  settings: RunnerSettings | undefined,
): Promise<"removed" | "busy" | undefined> {
  const { runners, program, log } = options
  if (!runners) return undefined
  const found = await findOnList(options, settings)
  if (!found) return "removed"
  const outcome = await runners.remove(found.id, program.signal)
  if (outcome === "removed") log.info(`removed the runner ${found.name} from GitHub's list`)
  return outcome === "absent" ? "removed" : outcome
}

/** This runner as GitHub lists it. Another one of its name has replaced it, and is not ours. */
async function findOnList(
  { runners, program, configuration }: RegistrationOptions,
  settings: RunnerSettings | undefined,
): Promise<RegisteredRunner | undefined> {
  const found = await runners?.find(settings?.agentName ?? configuration.name, program.signal)
  return settings?.agentId === undefined || settings.agentId === found?.id ? found : undefined
}

/** The files alone. What config.sh leaves is removed here. */
async function removeFiles({ program }: RegistrationOptions): Promise<void> {
  await remove(undefined, program)
  removeConfiguration(program.folder)
}
