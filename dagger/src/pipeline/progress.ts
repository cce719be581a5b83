import type { PlatformName } from "../core/platforms.js"

/** What a step belongs to: one platform, or all of them together. */
export type StepScope = PlatformName | "all platforms"

/** Told of every step that starts and ends. The command line draws it; the module has no use for it. */
export interface ProgressListener {
  started(scope: StepScope, step: string): void
  ended(scope: StepScope, step: string, seconds: number, error?: unknown): void
  /** Something that a user should know of, and that stops nothing. */
  warned(scope: StepScope, text: string): void
}

/** Runs steps, times them and tells a listener. */
export class Progress {
  private readonly times: { scope: StepScope; name: string; seconds: number }[] = []

  constructor(private readonly listener?: ProgressListener) {}

  async run<T>(scope: StepScope, step: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now()
    this.listener?.started(scope, step)
    let failure: unknown
    try {
      return await work()
    } catch (error) {
      failure = error
      throw error
    } finally {
      const seconds = (performance.now() - start) / 1000
      this.times.push({ scope, name: step, seconds })
      this.listener?.ended(scope, step, seconds, failure)
    }
  }

  warn(scope: StepScope, text: string): void {
    this.listener?.warned(scope, text)
  }

  /** The steps that concern a platform, in order of completion, seconds rounded to hundredths. */
  steps(scope: PlatformName): { name: string; seconds: number }[] {
    return this.times
      .filter((time) => time.scope === scope || time.scope === "all platforms")
      .map(({ name, seconds }) => ({ name, seconds: Math.round(seconds * 100) / 100 }))
  }
}

/** Does one part of a longer step; whoever hands it in may time the part. */
export type Phase = <T>(name: string, work: () => Promise<T>) => Promise<T>

export const untimed: Phase = (_, work) => work()
