import type { Phase } from "../phase.js"
import type { ListenerCondition } from "./listener-process.js"

/** What is known about the runner from outside: the contents of the state file. */
export interface HealthFacts {
  readonly phase: Phase
  /** How long the phase lasts, in seconds. */
  readonly seconds: number
  /** Seconds that the start may take, configured delays included. */
  readonly startSeconds: number
  /** RUNNER_SKIP_REGISTRATION: there is no listener, as intended. */
  readonly registrationSkipped: boolean
  /** It is a broker: there is no listener either. */
  readonly broker: boolean
  /** Of the listener's process. */
  readonly listener: ListenerCondition
  /** The runner's configuration is there. */
  readonly registered: boolean
  /** Why it has no connection at the moment. */
  readonly disconnected?: string | undefined
}

/**
 * `healthy`: nothing is wrong that a restart would fix, also during a start that takes no longer than it may. `ready`: GitHub can give the
 * runner a job, or has given it one.
 */
export interface HealthReport {
  readonly healthy: boolean
  readonly ready: boolean
  readonly reason: string
}

/** Judges the runner's health. */
export function healthReport(facts: HealthFacts): HealthReport {
  const { phase, registrationSkipped, broker, listener, registered, disconnected } = facts
  if (broker && phase === "listening") return { healthy: true, ready: true, reason: "listening for runners" }
  switch (phase) {
    case "starting":
    case "registering":
      return startReport(facts)
    case "listening":
    case "busy":
      if (listener !== "running") return unhealthy(`the listener is ${listener}`)
      if (!registered) return unhealthy("the runner is not registered")
      if (disconnected !== undefined) return { healthy: true, ready: false, reason: `not connected: ${disconnected}` }
      return { healthy: true, ready: true, reason: phase }
    case "stopping":
      if (listener !== "running" && !registrationSkipped) return unhealthy(`the listener is ${listener}`)
      return { healthy: true, ready: false, reason: "stopping" }
    case "ended":
      return unhealthy("the runner has ended")
  }
}

function startReport({ phase, seconds, startSeconds, registrationSkipped }: HealthFacts): HealthReport {
  if (registrationSkipped) return { healthy: true, ready: false, reason: "registration is skipped" }
  const lasts = `${phase} for ${Math.floor(seconds)} s`
  if (seconds > startSeconds) return unhealthy(`${lasts}, which is too long`)
  return { healthy: true, ready: false, reason: lasts }
}

function unhealthy(reason: string): HealthReport {
  return { healthy: false, ready: false, reason }
}
