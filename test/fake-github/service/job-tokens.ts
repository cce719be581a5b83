import { SignJWT } from "jose"
import { randomBytes } from "node:crypto"
import type { Job } from "../jobs.js"
import type { Request } from "../message.js"
import { Refusal } from "../refusal.js"
import type { Runner } from "../runners.js"
import type { State } from "../state.js"

/** What stands for a job at the services: a runner's worker has it in place of the runner's own credentials. */
export class JobTokens {
  readonly #state: State
  readonly #key = randomBytes(32)
  readonly #tokens = new Map<string, { job: Job; runner: Runner }>()

  constructor(state: State) {
    this.#state = state
  }

  /** A JSON web token: runners and actions read claims in it. */
  async create(job: Job, runner: Runner): Promise<string> {
    const token = await new SignJWT({ orch_id: job.uuid, scp: `Actions.Results:${job.uuid}:${job.uuid}` })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuedAt()
      .setExpirationTime("6h")
      .sign(this.#key)
    this.#tokens.set(token, { job, runner })
    return token
  }

  /**
   * The job whose runner asks.
   *
   * @throws {Refusal} 401 without a token of a job, 404 when the job is not this runner's any more
   */
  job(request: Pick<Request, "headers">): { job: Job; runner: Runner } {
    const [, token = ""] = /^bearer\s+(\S+)$/i.exec(request.headers.authorization ?? "") ?? []
    const found = this.#tokens.get(token)
    if (!found) throw new Refusal(401, "Unauthorized")
    const { job, runner } = found
    if (runner.job !== job.id) throw new JobGone(job)
    if (runner.session) this.#state.runners.touch(runner.session)
    return found
  }
}

/** A job that ended, or was given to somebody else. */
export class JobGone extends Refusal {
  constructor(job: Job) {
    super(404, `The job ${job.uuid} is not there.`)
  }

  override get body(): unknown {
    return { source: "actions-run-service", code: this.status, errorMessage: this.message }
  }
}
