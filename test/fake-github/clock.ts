/** The server's clock. Set ahead, what it issued before is old: a token that lives an hour is expired with 3,700 seconds. */
export class Clock {
  /** Seconds that this clock is ahead of the machine's. */
  ahead = 0

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + this.ahead * 1000
  }

  date(): Date {
    return new Date(this.now())
  }
}
