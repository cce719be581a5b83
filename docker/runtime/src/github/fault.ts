import type { RuntimeFailure } from "../failure.js"

/** A temporary fault, which is waited out, with the failure that is reported if it lasts too long. */
export class Fault extends Error {
  override readonly name = "Fault"

  /**
   * @param reason a few words for the log: `connection refused`
   * @param failure what the user is told if it lasts
   * @param wait milliseconds that the server asks clients to wait, if it said so
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
