import { z } from "zod"
import { jsonBody } from "../json-body.js"
import { type Job, RESULT, STEP_RESULT } from "../jobs.js"
import type { Request, Route } from "../message.js"
import { notFound } from "../refusal.js"
import type { Runner } from "../runners.js"
import type { State } from "../state.js"
import type { AccessTokens } from "./access-tokens.js"

const COMPLETION = z.object({ result: RESULT, steps: z.array(STEP_RESULT).default([]) })
const LOG = z.object({ text: z.string() })

/** What a runner does with its job: get it, say that it is still at it, send its log, tell its result. */
export function jobRoutes(state: State, tokens: AccessTokens): Route[] {
  const own = (request: Request, id: string | undefined): { runner: Runner; job: Job } => {
    const runner = tokens.runner(request)
    const job = state.jobs.find(Number(id))
    if (!job || runner.job !== job.id) throw notFound()
    if (runner.session) state.runners.touch(runner.session)
    return { runner, job }
  }
  return [
    [
      "GET",
      "/_services/jobs/:id",
      (request, { id }) => {
        const { job } = own(request, id)
        job.acquired = true
        job.protocol = "stand-in"
        const { name, repository, steps, env, secrets } = job
        return { status: 200, body: { id: Number(id), name, repository, steps, env, secrets } }
      },
    ],
    [
      "POST",
      "/_services/jobs/:id/renew",
      (request, { id }) => {
        own(request, id)
        return { status: 204 }
      },
    ],
    [
      "POST",
      "/_services/jobs/:id/log",
      (request, { id }) => {
        own(request, id).job.log += jsonBody(request, LOG).text
        return { status: 204 }
      },
    ],
    [
      "POST",
      "/_services/jobs/:id/complete",
      (request, { id }) => {
        const { runner, job } = own(request, id)
        const { result, steps } = jsonBody(request, COMPLETION)
        state.completeJob(runner, job, result, steps)
        return { status: 204 }
      },
    ],
  ]
}
