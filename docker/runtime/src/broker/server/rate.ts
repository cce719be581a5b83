/** Allows a burst at once, and then a number per second. */
export class Rate {
  #left: number
  #since: number

  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#left = burst
    this.#since = now()
  }

  /** Takes one, if there is one. */
  take(): boolean {
    const now = this.now()
    this.#left = Math.min(this.burst, this.#left + ((now - this.#since) / 1000) * this.perSecond)
    this.#since = now
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}
