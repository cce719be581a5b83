import type { Writable } from "node:stream"
import type { StepScope } from "../../dagger/src/core/progress/progress.js"
import { duration } from "./duration.js"
import { RunningSteps } from "./running-steps.js"
import type { Terminal } from "./terminal.js"

/** Build servers stop jobs that print nothing for minutes, and people wonder. */
const HEARTBEAT_SECONDS = 30

/** One line per finished step, as in `[linux/arm64] packages … 12.3 s`, and a sign of life while a step takes long. */
export class PlainTerminal implements Terminal {
  private readonly running = new RunningSteps()
  private readonly heartbeat: NodeJS.Timeout
  private open = true

  constructor(
    private readonly stream: Writable,
    heartbeatSeconds = HEARTBEAT_SECONDS,
  ) {
    this.heartbeat = setInterval(() => {
      for (const { scope, step, seconds } of this.running.list())
        if (seconds >= heartbeatSeconds) this.note(`[${scope}] ${step} … still running after ${duration(seconds)}`)
    }, heartbeatSeconds * 1000)
    this.heartbeat.unref()
  }

  started(scope: StepScope, step: string): void {
    this.running.start(scope, step)
  }

  ended(scope: StepScope, step: string, seconds: number, error?: unknown): void {
    this.running.end(scope, step)
    this.note(`[${scope}] ${step} … ${error === undefined ? "" : "failed after "}${duration(seconds)}`)
  }

  warned(scope: StepScope, text: string): void {
    this.note(`[${scope}] warning: ${text}`)
  }

  noted(scope: StepScope, text: string): void {
    this.note(`[${scope}] ${text}`)
  }

  note(line: string): void {
    if (this.open) this.stream.write(`${line}\n`)
  }

  close(): void {
    this.open = false
    clearInterval(this.heartbeat)
  }
}
