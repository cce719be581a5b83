import { isConfigured } from "../runner/configuration-files.js"
import type { HealthFacts } from "./health-report.js"
import { listenerCondition } from "./listener-process.js"
import type { StateFile } from "./state-file.js"

/** The facts that follow from a state now, with the processes and the runner's folder checked. */
export function healthFacts(state: StateFile, now: Date): HealthFacts {
  return {
    phase: state.phase,
    seconds: (now.getTime() - Date.parse(state.since)) / 1000,
    startSeconds: state.startSeconds,
    registrationSkipped: state.registrationSkipped,
    broker: state.broker === true,
    listener: listenerCondition(state.listener),
    registered: state.folder !== undefined && isConfigured(state.folder),
    disconnected: state.disconnected,
  }
}
