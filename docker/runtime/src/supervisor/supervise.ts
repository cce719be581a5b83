import { setTimeout as sleep } from "node:timers/promises"
import { RuntimeFailure } from "../failure.js"
import type { RunnerEvent } from "../runner/events.js"
import type { Listener } from "../runner/listener.js"
import { type ListenerOutcome, type ListenerLog, outcomeOf } from "./listener-outcome.js"
import { type RestartLimits, Restarts } from "./restarts.js"
import type { RunnerParts } from "./runner-parts.js"
import { stopRunner } from "./stop-runner.js"

/**
 * Runs the configured runner until it has done its job, has failed, or is asked to stop, then takes it off GitHub's list.
 *
 * @param onEvent called with every event of the runner, after the state has been updated
 * @returns why it failed; undefined if it ended well
 */
export async function supervise(
  parts: RunnerParts,
  onEvent: (event: RunnerEvent) => void,
  limits?: RestartLimits,
): Promise<RuntimeFailure | undefined> {
  const { state, stop, log } = parts
  const restarts = new Restarts(limits)
  while (!stop.stop.aborted) {
    const start = performance.now()
    const life = await live(parts, onEvent)
    if (life.next === "stop") return await stopRunner(parts, life.listener)
    state.gone()
    if (life.next === "done") return await exitedOnItsOwn(parts, life.jobs)
    const failure = life.next === "failed" ? life.failure : undefined
    if (failure) return await failed(parts, failure)
    const delay = restarts.next(performance.now() - start)
    if (delay === undefined)
      return await failed(
        parts,
        new RuntimeFailure(
          "NETWORK",
          "the listener ended repeatedly",
          "Its output is above. Check with the command doctor.",
        ),
      )
    state.enter("registering")
    const why = life.next === "restart" ? life.why : "it ended"
    log.warn(`the listener ended because ${why}; starting it again in ${delay / 1000} s`)
    await sleep(delay, undefined, { signal: stop.stop }).catch(() => undefined)
  }
  return await stopRunner(parts, undefined)
}

type Life = { readonly next: "stop"; readonly listener: Listener } | (ListenerOutcome & { readonly jobs: number })

/** One life of the listener, until it ends or has to be stopped. */
async function live({ state, stop, start }: RunnerParts, onEvent: (event: RunnerEvent) => void): Promise<Life> {
  const listener = await start()
  state.started(listener.pid)
  const seen: { -readonly [Key in keyof ListenerLog]: ListenerLog[Key] } = { unregistered: false }
  let jobs = 0
  listener.events.on("event", (event) => {
    if (event.type === "unregistered") seen.unregistered = true
    if (event.type === "version-refused") seen.versionRefused = event.message
    if (event.type === "job-completed") jobs++
    state.observe(event)
    onEvent(event)
  })
  const stopped = new Promise<"stop">((resolve) => {
    if (stop.stop.aborted) resolve("stop")
    else stop.stop.addEventListener("abort", () => resolve("stop"), { once: true })
  })
  const first = await Promise.race([listener.ended, stopped])
  if (first === "stop") {
    // stopRunner has to know when it is gone.
    void listener.ended.then(() => state.gone())
    return { next: "stop", listener }
  }
  return { ...outcomeOf(first, seen), jobs }
}

/** The listener ended well. An ephemeral runner that did its job is already off the list, unless the job only pretended that. */
async function exitedOnItsOwn(parts: RunnerParts, jobs: number): Promise<RuntimeFailure | undefined> {
  const { ephemeral, leave, forget, state, log } = parts
  if (!ephemeral || jobs === 0) return await stopRunner(parts, undefined)
  if (leave?.asksGitHub !== true) {
    state.enter("stopping")
    forget()
    log.info("the runner did its job and left")
    return undefined
  }
  const failure = await stopRunner(parts, undefined)
  if (!failure) log.info("the runner did its job and left")
  return failure
}

/** The failure that ended the runner counts; a failure to deregister is only logged. */
async function failed(parts: RunnerParts, failure: RuntimeFailure): Promise<RuntimeFailure> {
  const second = await stopRunner(parts, undefined)
  if (second) parts.log.warn(second.message)
  return failure
}
