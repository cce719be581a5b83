import type { PlatformName } from "../platforms.js"

/** What a step belongs to: one platform, or all of them. */
export type StepScope = PlatformName | "all platforms"

/** Is notified of every step. The command line shows them; in the module they are spans of its trace. */
export interface ProgressListener {
  /** Does a step's work, in whatever has to be around it. */
  around?<T>(scope: StepScope, step: string, work: () => Promise<T>): Promise<T>
  started(scope: StepScope, step: string): void
  ended(scope: StepScope, step: string, seconds: number, error?: unknown): void
  /** Something that the user should know but that does not stop the build. */
  warned(scope: StepScope, text: string): void
  /** Something that must stay in the log. */
  noted(scope: StepScope, text: string): void
}

interface StepTime {
  scope: StepScope
  name: string
  seconds: number
  /** When it ended, on the same clock as all others, in seconds. */
  end: number
  /** The variant that the step was run for; absent for steps that all variants share. */
  variant?: string
}

/** Runs steps, times them and notifies a listener. */
export class Progress {
  constructor(
    private readonly listener?: ProgressListener,
    private readonly times: StepTime[] = [],
    private readonly variant?: { name: string; shown: boolean },
  ) {}

  /**
   * The same progress, for the steps of one variant.
   *
   * @param shown whether step titles name the variant: with only one, its name adds nothing
   */
  of(name: string, shown: boolean): Progress {
    return new Progress(this.listener, this.times, { name, shown })
  }

  async run<T>(scope: StepScope, step: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now()
    const title = this.variant?.shown ? `${this.variant.name}: ${step}` : step
    this.listener?.started(scope, title)
    let failure: unknown
    try {
      return await (this.listener?.around?.(scope, title, work) ?? work())
    } catch (error) {
      failure = error
      throw error
    } finally {
      const end = performance.now() / 1000
      const seconds = end - start / 1000
      this.times.push({ scope, name: step, seconds, end, ...(this.variant ? { variant: this.variant.name } : {}) })
      this.listener?.ended(scope, title, seconds, failure)
    }
  }

  warn(scope: StepScope, text: string): void {
    this.listener?.warned(scope, text)
  }

  note(scope: StepScope, text: string): void {
    this.listener?.noted(scope, text)
  }

  /**
   * The steps that concern a platform, in order of completion, seconds rounded to hundredths.
   *
   * @param variants if given, only the steps that were run for them or for all
   */
  steps(scope: PlatformName, variants?: readonly string[]): { name: string; seconds: number }[] {
    return this.timesOf(scope, variants).map(({ name, seconds }) => ({ name, seconds: hundredths(seconds) }))
  }

  /**
   * The wall seconds in which at least one step ran that concerns a platform. Steps run beside each other, so it is less than their sum.
   *
   * @param variants as in {@link Progress.steps}
   */
  seconds(scope: PlatformName, variants?: readonly string[]): number {
    let covered = 0
    let until = -Infinity
    const byStart = (a: StepTime, b: StepTime) => a.end - a.seconds - (b.end - b.seconds)
    for (const { end, seconds } of [...this.timesOf(scope, variants)].sort(byStart)) {
      covered += Math.max(0, end - Math.max(until, end - seconds))
      until = Math.max(until, end)
    }
    return hundredths(covered)
  }

  private timesOf(scope: PlatformName, variants: readonly string[] | undefined): StepTime[] {
    return this.times
      .filter((time) => time.scope === scope || time.scope === "all platforms")
      .filter(({ variant }) => variant === undefined || variants === undefined || variants.includes(variant))
  }
}

function hundredths(seconds: number): number {
  return Math.round(seconds * 100) / 100
}

/** Runs one part of a longer step; the caller that passes it in may time the part. */
export type Phase = <T>(name: string, work: () => Promise<T>) => Promise<T>

export const untimed: Phase = (_, work) => work()
