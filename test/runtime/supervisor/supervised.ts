import type { Removal } from "../../../docker/runtime/src/github/registered-runner.js"
import { RuntimeFailure } from "../../../docker/runtime/src/failure.js"
import type { RunnerEvent } from "../../../docker/runtime/src/runner/events.js"
import { startListener } from "../../../docker/runtime/src/runner/listener.js"
import type { RunnerParts } from "../../../docker/runtime/src/supervisor/runner-parts.js"
import { RunnerState } from "../../../docker/runtime/src/supervisor/runner-state.js"
import { StopRequest } from "../../../docker/runtime/src/processes/stop-request.js"
import { supervise } from "../../../docker/runtime/src/supervisor/supervise.js"
import { scriptFolder, until } from "../runner/runner-folder.js"

/** What GitHub answers to a runner that wants to leave. */
export type Answer = Removal | RuntimeFailure | "never"

export interface SupervisedOptions {
  /** A run.sh, for bash. It is started again with the same folder. */
  run: string
  /** One after the other; the last for all further ones. */
  answers?: readonly Answer[]
  asksGitHub?: boolean
  leaves?: boolean
  ephemeral?: boolean
  grace?: number
}

/** What a test sees of it. */
export interface Supervised {
  readonly state: RunnerState
  readonly stop: StopRequest
  readonly events: readonly RunnerEvent[]
  /** All that happened, in order. */
  readonly happened: readonly string[]
  /** `well`, or the failure. */
  readonly ended: Promise<string>
  /** Waits until something is in the log. */
  readonly seen: (line: string) => Promise<void>
}

/** A real process under supervision, and a log of all that happens in order. */
export function supervised({
  run,
  answers = ["removed"],
  asksGitHub = true,
  leaves = true,
  ephemeral = false,
  grace = 400,
}: SupervisedOptions): Supervised {
  const folder = scriptFolder({ "run.sh": run })
  const happened: string[] = []
  const state = new RunnerState()
  const stop = new StopRequest()
  let asked = 0
  const parts: RunnerParts = {
    state,
    stop,
    log: {
      info: (line) => void happened.push(`info: ${line}`),
      warn: (line) => void happened.push(`warn: ${line}`),
      error: (line) => void happened.push(`error: ${line}`),
      hide: () => undefined,
    },
    start: () => {
      happened.push("start")
      return startListener({
        folder: folder.path,
        environment: { PATH: process.env.PATH ?? "" },
        output: (line) => void happened.push(`> ${String(line).trim()}`),
      })
    },
    leave: leaves
      ? {
          asksGitHub,
          deregister: async (signal) => {
            const answer = answers[Math.min(asked++, answers.length - 1)] ?? "removed"
            happened.push(`leave: ${answer instanceof RuntimeFailure ? answer.code : answer}`)
            if (answer instanceof RuntimeFailure) throw answer
            if (answer !== "never") return answer
            return await new Promise((_resolve, reject) =>
              signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
            )
          },
        }
      : undefined,
    ephemeral,
    forget: () => void happened.push("forget"),
    times: { grace, interrupt: 600, terminate: 300, removal: 500, hurried: 200, again: 50 },
  }
  state.onChange(({ phase }) => {
    if (happened.findLast((line) => line.startsWith("phase: ")) !== `phase: ${phase}`) happened.push(`phase: ${phase}`)
  })
  state.enter("registering")
  const events: RunnerEvent[] = []
  const ended = supervise(parts, (event) => events.push(event), {
    attempts: 2,
    delay: 10,
    longest: 20,
    settled: 60_000,
  })
    .then((failure) => (failure ? `${failure.exitCode} ${failure.code}: ${failure.message}` : "well"))
    .finally(() => folder.remove())
  return {
    state,
    stop,
    events,
    happened,
    ended,
    seen: (line: string) => until(() => happened.includes(line)),
  }
}
