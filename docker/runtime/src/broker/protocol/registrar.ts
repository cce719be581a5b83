import type { RegisterRequest } from "./protocol.js"
import type { Grant, Removal } from "../../github/registered-runner.js"

/** Registers one runner and removes it: a broker, or the client of a broker elsewhere. */
export interface Registrar {
  /**
   * @throws {RuntimeFailure} REGISTRATION once the runner is registered, else as GitHub's API answers
   * @throws the signal's reason when aborted
   */
  register(request: Omit<RegisterRequest, "request">, signal?: AbortSignal): Promise<Grant>
  /** @throws as register */
  remove(signal?: AbortSignal): Promise<Removal>
  /** No further requests. */
  close(): void
}
