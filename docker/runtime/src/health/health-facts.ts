import { isConfigured } from "../runner/configuration-files.js"
import type { HealthFacts } from "./health-report.js"
import { listenerCondition } from "./listener-process.js"
import type { StateFile } from "./state-file.js"

/** What a state comes to now, with a look at the processes and the runner's folder. */
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
