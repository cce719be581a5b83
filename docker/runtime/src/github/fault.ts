import type { RuntimeFailure } from "../failure.js"

/** Trouble that passes, and so is waited out: the failure that is told when it does not pass in time. */
export class Fault extends Error {
  override readonly name = "Fault"

  /**
   * @param reason a few words for the log: `connection refused`
   * @param failure what the user is told when it lasts
   * @param wait milliseconds that the server wants to be left alone, if it said so
   * @param kind a rate limit is waited out with a limit of its own, since its end is known
   */
  constructor(
    readonly reason: string,
    readonly failure: RuntimeFailure,
    readonly wait?: number,
    readonly kind: "passing" | "unknown-host" | "rate-limit" = "passing",
  ) {
    super(reason)
  }
}
