const SECOND = 1000

/** Limits for a listener that ends repeatedly. Milliseconds. */
export interface RestartLimits {
  /** Number of restarts in a row. */
  readonly attempts: number
  /** Before the first; doubled for each further one, up to `longest`. */
  readonly delay: number
  readonly longest: number
  /** A listener that lived this long was healthy: earlier restarts no longer count. */
  readonly settled: number
}

export const RESTART_LIMITS: RestartLimits = {
  attempts: 8,
  delay: SECOND,
  longest: 60 * SECOND,
  settled: 300 * SECOND,
}

/** Counts restarts: further and further apart, and not for ever. */
export class Restarts {
  #count = 0

  constructor(private readonly limits: RestartLimits = RESTART_LIMITS) {}

  /**
   * @param lived for how long the listener lived, in milliseconds
   * @returns milliseconds to wait before the next start, or undefined to give up
   */
  next(lived: number): number | undefined {
    const { attempts, delay, longest, settled } = this.limits
    if (lived >= settled) this.#count = 0
    if (this.#count >= attempts) return undefined
    return Math.min(delay * 2 ** this.#count++, longest)
  }
}
