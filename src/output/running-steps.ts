import type { StepScope } from "../../dagger/src/core/progress/progress.js"

/** Steps that run at the moment, in the order in which they started. */
export class RunningSteps {
  private readonly running: { scope: StepScope; step: string; since: number }[] = []

  start(scope: StepScope, step: string): void {
    this.running.push({ scope, step, since: performance.now() })
  }

  end(scope: StepScope, step: string): void {
    const index = this.running.findIndex((entry) => entry.scope === scope && entry.step === step)
    if (index !== -1) this.running.splice(index, 1)
  }

  /** With the seconds that each has taken so far. */
  list(): { scope: StepScope; step: string; seconds: number }[] {
    const now = performance.now()
    return this.running.map(({ scope, step, since }) => ({ scope, step, seconds: (now - since) / 1000 }))
  }
}
