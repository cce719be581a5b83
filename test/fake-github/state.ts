import { Accounts } from "./accounts.js"
import { Apps } from "./apps.js"
import { Clock } from "./clock.js"
import { Faults } from "./faults.js"
import { type Job, Jobs, type Result } from "./jobs.js"
import { RateLimit } from "./rate-limit.js"
import { Recorder } from "./recorder.js"
import { type Runner, Runners } from "./runners.js"
import { SETTINGS, type Settings } from "./settings.js"
import { Tokens } from "./tokens.js"

/** Everything that the server knows. It is gone when the server ends. */
export class State {
  readonly clock = new Clock()
  readonly settings: Settings = SETTINGS.parse({})
  readonly accounts = new Accounts()
  readonly tokens = new Tokens(this.clock)
  readonly apps = new Apps()
  readonly rateLimit = new RateLimit(this.clock)
  readonly runners = new Runners(this.clock, this.settings)
  readonly jobs = new Jobs(this.clock, this.accounts)
  readonly faults = new Faults()
  readonly requests = new Recorder()

  /** Ends a job. An ephemeral runner has done then what it was there for. */
  completeJob(runner: Runner, job: Job, result: Result, steps: Job["stepResults"]): void {
    runner.job = undefined
    if (runner.ephemeral) this.runners.remove(runner)
    this.jobs.complete(job, result, steps)
  }

  /** Ends the jobs of runners that were not heard of for too long. */
  abandonLostJobs(): void {
    for (const runner of this.runners.list()) {
      if (runner.job === undefined || this.runners.isOnline(runner)) continue
      const job = this.jobs.find(runner.job)
      runner.job = undefined
      if (job) this.jobs.complete(job, "Abandoned")
      if (runner.ephemeral) this.runners.remove(runner)
    }
  }
}
