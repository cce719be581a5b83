import type { ProgressListener, StepScope } from "../../dagger/src/core/progress/progress.js"

export interface FailedStep {
  scope: StepScope
  step: string
}

/** Passes steps on and remembers which of them an error came from, for the message. */
export class StepRecorder implements ProgressListener {
  private first: FailedStep | undefined
  private readonly byError = new WeakMap<object, FailedStep>()

  constructor(private readonly next: ProgressListener) {}

  started(scope: StepScope, step: string): void {
    this.next.started(scope, step)
  }

  ended(scope: StepScope, step: string, seconds: number, error?: unknown): void {
    // Steps nest and the innermost ends first: it is the most specific.
    if (error !== undefined) {
      this.first ??= { scope, step }
      if (typeof error === "object" && error !== null && !this.byError.has(error))
        this.byError.set(error, { scope, step })
    }
    this.next.ended(scope, step, seconds, error)
  }

  warned(scope: StepScope, text: string): void {
    this.next.warned(scope, text)
  }

  noted(scope: StepScope, text: string): void {
    this.next.noted(scope, text)
  }

  /** The step that an error was thrown in; for an error that has been wrapped since, the first step that failed. */
  of(error: unknown): FailedStep | undefined {
    const exact = typeof error === "object" && error !== null ? this.byError.get(error) : undefined
    return exact ?? this.first
  }
}
