import { setTimeout as sleep } from "node:timers/promises"
import { RuntimeFailure } from "../failure.js"
import type { Listener } from "../runner/listener.js"
import { untilAborted } from "../until-aborted.js"
import type { RunnerParts } from "./runner-parts.js"

/**
 * Stops the runner without cancelling its job too early:
 *
 * 1. While it has no job it leaves GitHub's list; GitHub decides whether a job came in between.
 * 2. If it has a job, it waits for that as long as the grace period lasts.
 * 3. The listener ends: SIGINT, SIGTERM, SIGKILL.
 * 4. A runner that is still on GitHub's list then is removed now.
 *
 * @param listener undefined when it is gone already
 * @returns why the runner is still on GitHub's list, if it is
 */
export async function stopRunner(
  parts: RunnerParts,
  listener: Listener | undefined,
): Promise<RuntimeFailure | undefined> {
  parts.state.enter("stopping")
  const early = listener ? await leaveWhenIdle(parts) : "not yet"
  if (listener) await endListener(parts, listener)
  parts.state.gone()
  if (early !== "not yet") return early
  return await deregisterOnExit(parts)
}

/** Undefined: the runner is off the list, or is to stay on it. `not yet`: it had a job for as long as the grace period lasted. */
type Left = RuntimeFailure | undefined | "not yet"

async function leaveWhenIdle(parts: RunnerParts): Promise<Left> {
  const { state, stop, leave, times, log } = parts
  const deadline = AbortSignal.any([stop.hurry, AbortSignal.timeout(times.grace)])
  if (state.busy) log.info(`waiting up to ${times.grace / 1000} s for the job "${state.snapshot.job ?? ""}" to end`)
  while (!deadline.aborted) {
    if (state.snapshot.listener === undefined) return "not yet"
    if (state.busy) {
      await until(deadline, (signal) => state.changed(signal))
      continue
    }
    if (!leave?.asksGitHub) return "not yet"
    const left = await tryToLeave(parts, AbortSignal.any([stop.hurry, AbortSignal.timeout(times.removal)]))
    if (left !== "not yet") return left
    // GitHub gave it a job that it has not reported yet, or does not know yet that its job has ended.
    await until(AbortSignal.any([deadline, AbortSignal.timeout(times.again)]), (signal) => state.changed(signal))
  }
  return "not yet"
}

async function deregisterOnExit(parts: RunnerParts): Promise<RuntimeFailure | undefined> {
  const { leave, stop, times } = parts
  if (!leave) return undefined
  const limit = AbortSignal.any([stop.kill, AbortSignal.timeout(stop.hurry.aborted ? times.hurried : times.removal)])
  let why = "there was no time to deregister"
  while (!limit.aborted) {
    const left = await tryToLeave(parts, limit)
    if (left !== "not yet") return left
    why = "GitHub says that it still has a job"
    await until(limit, (signal) => sleep(times.again, undefined, { signal }))
  }
  return stayed(why)
}

async function tryToLeave({ leave, stop }: RunnerParts, limit: AbortSignal): Promise<Left> {
  if (!leave) return undefined
  try {
    return (await leave.deregister(limit)) === "busy" ? "not yet" : undefined
  } catch (error) {
    if (error instanceof RuntimeFailure) return error
    if (!limit.aborted) throw error
    // When hurried, it is tried once more after the listener is gone.
    return stop.hurry.aborted && !stop.kill.aborted ? "not yet" : stayed("deregistering took too long")
  }
}

function stayed(why: string): RuntimeFailure {
  return new RuntimeFailure(
    "REGISTRATION",
    `the runner is still on GitHub's list: ${why}`,
    "GitHub removes it once it has been offline for long enough. Give the container more time to stop, as with docker stop --timeout 60.",
  )
}

async function endListener({ stop, times }: RunnerParts, listener: Listener): Promise<void> {
  const steps = [
    ["SIGINT", times.interrupt],
    ["SIGTERM", times.terminate],
  ] as const
  for (const [signal, time] of steps) {
    if (stop.kill.aborted) break
    listener.stop(signal)
    const limit = AbortSignal.any([stop.kill, AbortSignal.timeout(time), hurried(stop.hurry, times.hurried)])
    if (await ended(listener, limit)) return
  }
  listener.stop("SIGKILL")
  await listener.ended
}

/** Aborted this long after another signal was. */
function hurried(signal: AbortSignal, time: number): AbortSignal {
  const controller = new AbortController()
  const start = (): void => void setTimeout(() => controller.abort(), time).unref()
  if (signal.aborted) start()
  else signal.addEventListener("abort", start, { once: true })
  return controller.signal
}

async function ended(listener: Listener, limit: AbortSignal): Promise<boolean> {
  return await Promise.race([listener.ended.then(() => true), untilAborted(limit).then(() => false)])
}

/** Waits for something, at most until the signal. */
async function until(signal: AbortSignal, wait: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  try {
    await wait(signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
