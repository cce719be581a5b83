import { processStatus } from "../processes/process-status.js"
import type { StateFile } from "./state-file.js"

/** What the health check of a broker's container finds, once the broker listens. */
export function stateOfBroker(since: Date): StateFile {
  return {
    phase: "listening",
    since: since.toISOString(),
    program: process.pid,
    programStart: processStatus(process.pid)?.start ?? 0,
    listener: undefined,
    job: undefined,
    disconnected: undefined,
    folder: undefined,
    startSeconds: 0,
    registrationSkipped: false,
    broker: true,
  }
}
