import type { PhaseTime } from "./bench.js"
import type { ProgressListener, StepScope } from "../progress/progress.js"

/** Times a task and its phases, which may overlap. Seconds are rounded to hundredths. */
export class Stopwatch implements ProgressListener {
  readonly phases: PhaseTime[] = []
  private readonly began = performance.now()

  /** @param forward receives warnings and notes, which the stopwatch does not need */
  constructor(private readonly forward: (scope: StepScope, text: string) => void = () => undefined) {}

  /** Since the beginning. */
  seconds(): number {
    return rounded((performance.now() - this.began) / 1000)
  }

  readonly phase = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const start = this.seconds()
    try {
      return await work()
    } finally {
      this.phases.push({ name, start, seconds: rounded(this.seconds() - start) })
    }
  }

  started(): void {
    // Everything needed is known at the end.
  }

  ended(scope: StepScope, step: string, seconds: number): void {
    const name = scope === "all platforms" ? step : `${scope} ${step}`
    this.phases.push({ name, start: rounded(this.seconds() - seconds), seconds: rounded(seconds) })
  }

  warned(scope: StepScope, text: string): void {
    this.forward(scope, text)
  }

  noted(scope: StepScope, text: string): void {
    this.forward(scope, text)
  }
}

function rounded(seconds: number): number {
  return Math.round(seconds * 100) / 100
}
