import { setTimeout as sleep } from "node:timers/promises"
import type { GrantedTarget, Removal, Granted, Leftover, WantedRunner } from "./registered-runner.js"
import type { Configuration } from "../configuration/configuration.js"
import { RuntimeFailure } from "../failure.js"
import type { Log } from "../log.js"
import type { JustInTimeRunner, RegisteredRunner, Runners } from "./runners.js"
import type { TokenSource } from "./tokens.js"

/** Access to GitHub with the credential. */
export interface GitHub {
  readonly configuration: Configuration
  readonly registrationToken: TokenSource
  /** Undefined if the credential is valid only for a registration. */
  readonly runners?: Runners | undefined
  readonly log: Log
}

/** How often the list is checked for a runner that GitHub reported as removed, and after how many milliseconds. */
const LOOKS = 5
const LOOK_AFTER = 400

/**
 * Makes a registration possible: GitHub itself registers a runner for a single job, so that the runner's programs never see a token; any other
 * registration needs a token for config.sh.
 *
 * @returns the runner's id where GitHub told it
 * @throws {RuntimeFailure} REGISTRATION for a name that is taken, else as GitHubClient.request
 */
export async function grantRegistration(gitHub: GitHub, runner: WantedRunner, signal?: AbortSignal): Promise<Granted> {
  const { configuration, registrationToken, runners } = gitHub
  const { authentication } = configuration
  if (authentication.kind === "jit") return { grant: { grant: "jit", configuration: authentication.config } }
  if (runner.ephemeral && runners) {
    const made = await createRunner(gitHub, runners, runner, signal)
    if (made !== "unknown") return { grant: { grant: "jit", configuration: made.configuration }, id: made.id }
  }
  const token = await registrationToken(signal)
  // config.sh with --replace takes the other one's place by its name alone.
  const other = await runners?.find(runner.name, signal)
  if (other && runner.foreign.includes(other.id)) throw taken(runner.name)
  return { grant: { grant: "token", token, target: targetOf(configuration) }, ...(other && { before: other.id }) }
}

async function createRunner(
  { configuration, log }: GitHub,
  runners: Runners,
  runner: WantedRunner,
  signal?: AbortSignal,
): Promise<JustInTimeRunner | "unknown"> {
  const { name, labels, workFolder } = runner
  const create = () => runners.create({ name, labels, group: configuration.group, workFolder }, signal)
  const first = await create()
  if (first !== "taken") return first
  const other = await runners.find(name, signal)
  if (other) {
    if (!mayReplace(other, runner)) throw taken(name)
    const outcome = await runners.remove(other.id, signal)
    if (outcome === "busy") throw taken(name)
    log.info(`removed the runner ${name} (id ${String(other.id)}), which this one replaces`)
  }
  const second = await create()
  if (second === "taken") throw taken(name)
  return second
}

function mayReplace(other: RegisteredRunner, { id, replace, foreign }: WantedRunner): boolean {
  return other.id === id || (replace && other.busy !== true && !foreign.includes(other.id))
}

function taken(name: string): RuntimeFailure {
  return new RuntimeFailure(
    "REGISTRATION",
    `a runner named ${name} already exists`,
    "Set another RUNNER_NAME, or RUNNER_REPLACE_EXISTING=true to replace that runner; one that has a job is not replaced.",
  )
}

function targetOf({ target, group, authentication }: Configuration): GrantedTarget {
  if (!target)
    throw new RuntimeFailure("CONFIGURATION", "there is nothing to register for", "Set REPO_URL or ORG_NAME.")
  return {
    url: target.url,
    ...(group !== undefined && { group }),
    givenToken: authentication.kind === "registration-token",
  }
}

/**
 * Takes the runner off GitHub's list. It counts as removed when GitHub no longer lists it.
 *
 * @throws {RuntimeFailure} REGISTRATION when GitHub still lists it, else as GitHubClient.request
 */
export async function removeRunner({ runners, log }: GitHub, id: number, signal?: AbortSignal): Promise<Removal> {
  if (!runners) return "local"
  const outcome = await runners.remove(id, signal)
  if (outcome === "busy") return "busy"
  for (let look = 1; (await runners.get(id, signal)) !== undefined; look++) {
    if (look === LOOKS)
      throw new RuntimeFailure(
        "REGISTRATION",
        `GitHub said that runner ${String(id)} was removed, but still lists it`,
        "Remove it in the settings, under Actions, Runners. GitHub removes it itself once it has been offline for long enough.",
      )
    await sleep(LOOK_AFTER, undefined, { signal }).catch(() => signal?.throwIfAborted())
  }
  log.info(
    outcome === "absent"
      ? `the runner (id ${String(id)}) is already off GitHub's list`
      : `removed the runner (id ${String(id)}) from GitHub's list`,
  )
  return "removed"
}

/** Takes a runner off the list that its container left there, unless it is online: then its container is not gone. */
export async function removeLeftover(gitHub: GitHub, id: number, signal?: AbortSignal): Promise<Leftover> {
  const found = await gitHub.runners?.get(id, signal)
  if (!found) return "absent"
  if (found.busy === true) return "busy"
  if (found.status !== "offline") return "online"
  return (await removeRunner(gitHub, id, signal)) === "busy" ? "busy" : "removed"
}
