import { z } from "zod"
import type { Job } from "../jobs.js"
import { camelCased, jsonBody } from "../json-body.js"
import type { Answer, Request, Route } from "../message.js"
import { Refusal } from "../refusal.js"
import type { Runner, Session } from "../runners.js"
import type { State } from "../state.js"
import type { AccessTokens } from "./access-tokens.js"
import { addresses } from "./addresses.js"
import { refuseOldVersion } from "./version.js"

const SESSION = z.preprocess(camelCased, z.object({ ownerName: z.string(), agent: z.object({ version: z.string() }) }))

/** Milliseconds. */
const TOUCH = 500

/** Sessions of runners, and the messages that they wait for. */
export function brokerRoutes(state: State, tokens: AccessTokens): Route[] {
  let next = 1
  /** Jobs of which the runner was told that they are cancelled. */
  const told = new Set<number>()

  const messageFor = (runner: Runner, request: Request): Answer | undefined => {
    const message = (messageType: string, body: object): Answer => {
      return { status: 200, body: { messageId: next++, messageType, body: JSON.stringify(body) } }
    }
    const jobRequest = (job: Job): Answer => {
      const { run } = addresses(request.origin)
      return message("RunnerJobRequest", {
        id: job.uuid,
        runner_request_id: job.uuid,
        run_service_url: run,
        should_acknowledge: true,
      })
    }
    const busy = request.query.get("status") === "Busy"
    const current = runner.job === undefined ? undefined : state.jobs.find(runner.job)
    if (current) {
      // A message may be lost on its way.
      if (!current.acquired && !busy) return jobRequest(current)
      if (!current.cancelled || told.has(current.id)) return undefined
      told.add(current.id)
      return message("JobCancellation", cancellationOf(current))
    }
    const job = busy ? undefined : state.jobs.assign(runner)
    return job && jobRequest(job)
  }

  return [
    [
      "POST",
      "/_services/broker/session",
      (request) => {
        const runner = tokens.runner(request)
        const { ownerName, agent } = jsonBody(request, SESSION)
        runner.version = agent.version
        const session = state.runners.openSession(runner, ownerName)
        if (!session) throw new Refusal(409, `The runner ${runner.name} already has an active session.`)
        return { status: 200, body: { sessionId: session.id, ownerName, agent: { id: runner.id, name: runner.name } } }
      },
    ],
    [
      "DELETE",
      "/_services/broker/session",
      (request) => {
        tokens.runner(request).session = undefined
        return { status: 204 }
      },
    ],
    [
      "POST",
      "/_services/broker/acknowledge",
      (request) => {
        state.runners.touch(sessionOf(tokens.runner(request), request, state))
        return { status: 200, body: {} }
      },
    ],
    [
      "GET",
      "/_services/broker/message",
      async (request) => {
        const deadline = Date.now() + waitOf(request, state) * 1000
        for (;;) {
          const runner = tokens.runner(request)
          refuseOldVersion(request.query.get("runnerVersion") ?? runner.version, state.settings, "messages")
          state.runners.touch(sessionOf(runner, request, state))
          const answer = messageFor(runner, request)
          if (answer) return answer
          const left = deadline - Date.now()
          if (left <= 0 || request.signal.aborted) return { status: 202 }
          // Often enough that an open question keeps its session.
          await state.jobs.change(Math.min(left, TOUCH), request.signal)
        }
      },
    ],
  ]
}

/** How a runner is told to end a job. */
export function cancellationOf(job: Job): object {
  return { jobId: job.uuid, timeout: "00:05:00" }
}

function sessionOf(runner: Runner, request: Request, state: State): Session {
  const session = state.runners.session(runner)
  if (session && session.id === request.query.get("sessionId")) return session
  throw new Refusal(403, "The session is not valid any more.")
}

/** Seconds that the question is kept open: what the runner asks for, but not longer than this server does. */
function waitOf(request: Request, { settings }: State): number {
  const asked = request.query.get("waitSeconds")
  return asked === null ? settings.pollSeconds : Math.min(Number(asked) || 0, settings.pollSeconds)
}
