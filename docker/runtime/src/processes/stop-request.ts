import { constants } from "node:os"

/** Signals that ask the runner to stop. A terminal that goes away sends the last. */
export const STOP_SIGNALS = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"] as const

/**
 * A request to stop the runner, and its urgency:
 *
 * 1. the first signal: with grace, a running job may end;
 * 2. the second: without waiting for the job, but leaving GitHub's list;
 * 3. the third: at once.
 */
export class StopRequest {
  readonly #stop = new AbortController()
  readonly #hurry = new AbortController()
  readonly #kill = new AbortController()
  #last: NodeJS.Signals | undefined

  /** Aborted by the first signal. */
  get stop(): AbortSignal {
    return this.#stop.signal
  }

  /** Aborted by the second. */
  get hurry(): AbortSignal {
    return this.#hurry.signal
  }

  /** Aborted by the third. */
  get kill(): AbortSignal {
    return this.#kill.signal
  }

  /** 143 for SIGTERM, 130 for SIGINT, …: when the stop was hurried; undefined for one with grace. */
  get exitCode(): number | undefined {
    return this.#last !== undefined && this.hurry.aborted ? 128 + constants.signals[this.#last] : undefined
  }

  /** Takes a signal. @returns how many there were, at most three */
  take(signal: NodeJS.Signals): 1 | 2 | 3 {
    this.#last = signal
    const reason = new Stopped(signal)
    if (!this.stop.aborted) {
      this.#stop.abort(reason)
      return 1
    }
    if (!this.hurry.aborted) {
      this.#hurry.abort(reason)
      return 2
    }
    this.#kill.abort(reason)
    return 3
  }
}

/** Why something was aborted: the runner is to stop. */
export class Stopped extends Error {
  override readonly name = "Stopped"

  constructor(readonly signal: NodeJS.Signals) {
    super(`stopped by ${signal}`)
  }
}

/**
 * Makes this process's signals update the request.
 *
 * @returns a function that releases the signals again
 */
export function takeSignals(
  request: StopRequest,
  listener: (signal: NodeJS.Signals, count: 1 | 2 | 3) => void,
): () => void {
  const onSignal = (signal: NodeJS.Signals): void => listener(signal, request.take(signal))
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal)
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, onSignal)
  }
}
