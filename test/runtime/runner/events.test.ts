import { expect, it } from "vitest"
import { eventOf } from "../../../docker/runtime/src/runner/events.js"

/** Lines as actions/runner 2.33x writes them. */
it.each([
  ["√ Connected to GitHub", { type: "connected" }],
  ["\u001b[32m√ \u001b[0mConnected to GitHub", { type: "connected" }],
  ["2026-01-13 04:31:47Z: Listening for Jobs", { type: "listening" }],
  ["2026-01-13 04:31:47Z: Listening for Jobs\r", { type: "listening" }],
  ["Listening for Jobs", { type: "listening" }],
  [
    "2026-01-13 04:32:01Z: Running job: build / test (24, a: b)",
    { type: "job-started", name: "build / test (24, a: b)" },
  ],
  [
    "2026-01-13 04:33:10Z: Job build completed with result: Succeeded",
    { type: "job-completed", name: "build", result: "Succeeded" },
  ],
  [
    "2026-01-13 04:33:10Z: Job Job x completed with result: Failed completed with result: Canceled",
    { type: "job-completed", name: "Job x completed with result: Failed", result: "Canceled" },
  ],
  [
    "2026-01-13 04:33:10Z: Job b completed with result: SucceededWithIssues",
    { type: "job-completed", name: "b", result: "SucceededWithIssues" },
  ],
  ["2026-01-13 04:33:10Z: Job b completed with result: Perfect", undefined],
  ["2026-01-13 04:33:10Z: Runner reconnected.", { type: "reconnected" }],
  [
    "2026-01-13 04:33:10Z: Runner connect error: The HTTP request timed out after 00:01:00.. Retrying until reconnected.",
    { type: "disconnected", reason: "The HTTP request timed out after 00:01:00." },
  ],
  [
    "Failed to create a session. The runner registration has been deleted from the server, please re-configure. Runner registrations are automatically deleted for runners that have not connected to the service recently.",
    { type: "unregistered" },
  ],
  ["The runner no longer exists on the server. Please reconfigure the runner.", { type: "unregistered" }],
  [
    "An error occurred: Runner version v2.330.0 is deprecated and cannot receive messages.",
    { type: "version-refused", message: "Runner version v2.330.0 is deprecated and cannot receive messages." },
  ],
  [
    "An error occured: Error: Forbidden Runner version v2.317.0 is deprecated and cannot receive messages.",
    {
      type: "version-refused",
      message: "Error: Forbidden Runner version v2.317.0 is deprecated and cannot receive messages.",
    },
  ],
  [
    "Runner listener exit with 0 return code, stop the service, no retry needed.",
    { type: "listener-exited", exit: "success" },
  ],
  [
    "Runner listener exit with terminated error, stop the service, no retry needed.",
    { type: "listener-exited", exit: "terminated" },
  ],
  [
    "Runner listener exit with retryable error, re-launch runner in 5 seconds.",
    { type: "listener-exited", exit: "retry" },
  ],
  [
    "Runner listener exit because of updating, re-launch runner after successful update",
    { type: "listener-exited", exit: "updating" },
  ],
  [
    "Runner listener exit with Session Conflict error, stop the service, no retry needed.",
    { type: "listener-exited", exit: "session-conflict" },
  ],
  ["Runner listener exit with deprecated version exit code: 7.", { type: "listener-exited", exit: "version-refused" }],
  ["Exiting with unknown error code: 137", { type: "listener-exited", exit: "unknown" }],
  // What ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT adds repeats lines, and must not count twice.
  ["[RUNNER 2026-01-13 04:32:01Z INFO Terminal] WRITE LINE: 2026-01-13 04:32:01Z: Running job: build", undefined],
  ["[WORKER 2026-01-13 04:32:01Z INFO Worker] Running job: build", undefined],
  ["", undefined],
  ["Current runner version: '2.338.0'", undefined],
])("%j", (line, event) => {
  expect(eventOf(line)).toEqual(event)
})
