import { constants, createCipheriv, publicEncrypt, randomBytes } from "node:crypto"
import { z } from "zod"
import { camelCased, jsonBody } from "../../json-body.js"
import type { Answer, Request, Route } from "../../message.js"
import { Refusal } from "../../refusal.js"
import type { Runner, Session } from "../../runners.js"
import type { State } from "../../state.js"
import type { AccessTokens } from "../access-tokens.js"
import { addresses } from "../addresses.js"
import { cancellationOf } from "../broker.js"
import { jobMessage } from "../job-message.js"
import { JobGone, type JobTokens } from "../job-tokens.js"
import { refuseOldVersion } from "../version.js"
import { routePath } from "./resources.js"

const SESSION = z.preprocess(camelCased, z.object({ ownerName: z.string(), agent: z.object({ version: z.string() }) }))

/** Milliseconds. */
const TOUCH = 500

/** Sessions of runners at the pipelines service, which encrypts its messages for them, and their hold on a job. */
export function messageRoutes(state: State, tokens: AccessTokens, jobTokens: JobTokens): Route[] {
  /** By the ids of sessions. */
  const keys = new Map<string, Buffer>()
  const told = new Set<number>()
  let next = 1

  const encrypted = (session: Session, messageType: string, body: object): Answer => {
    const key = keys.get(session.id)
    if (!key) throw new SessionExpired()
    const iv = randomBytes(16)
    const cipher = createCipheriv("aes-256-cbc", key, iv)
    const text = Buffer.concat([cipher.update(JSON.stringify(body), "utf8"), cipher.final()])
    const message = { messageId: next++, messageType, iv: iv.toString("base64"), body: text.toString("base64") }
    return { status: 200, body: message }
  }
  const messageFor = async (runner: Runner, session: Session, request: Request): Promise<Answer | undefined> => {
    const busy = request.query.get("status") === "Busy"
    const current = runner.job === undefined ? undefined : state.jobs.find(runner.job)
    if (current && current.acquired) {
      if (!current.cancelled || told.has(current.id)) return undefined
      told.add(current.id)
      return encrypted(session, "JobCancellation", cancellationOf(current))
    }
    const job = current ?? (busy ? undefined : state.jobs.assign(runner))
    if (!job) return undefined
    job.protocol = "pipelines"
    const { origin } = request
    const token = await jobTokens.create(job, runner)
    const gitHubToken = state.tokens.createForJob().token
    return encrypted(
      session,
      "PipelineAgentJobRequest",
      jobMessage({ job, runner, addresses: addresses(origin), origin, token, gitHubToken }),
    )
  }
  const sessionOf = (runner: Runner, id: string | null | undefined): Session => {
    const session = state.runners.session(runner)
    if (session?.id !== id || !session) throw new SessionExpired()
    return session
  }
  return [
    [
      "POST",
      routePath("sessions", false),
      (request) => {
        const runner = tokens.runner(request)
        const { ownerName, agent } = jsonBody(request, SESSION)
        runner.version = agent.version
        const session = state.runners.openSession(runner, ownerName)
        if (!session)
          throw new Refusal(
            409,
            `TaskAgentSessionConflictException: The runner ${runner.name} already has an active session.`,
          )
        const key = randomBytes(32)
        keys.set(session.id, key)
        const padding = { key: runner.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" }
        const encryptionKey = { encrypted: true, value: publicEncrypt(padding, key).toString("base64") }
        return { status: 200, body: { sessionId: session.id, ownerName, encryptionKey, useFipsEncryption: false } }
      },
    ],
    [
      "DELETE",
      routePath("sessions"),
      (request, { sessionId }) => {
        const runner = tokens.runner(request)
        sessionOf(runner, sessionId)
        runner.session = undefined
        return { status: 204 }
      },
    ],
    [
      "GET",
      routePath("messages", false),
      async (request) => {
        const deadline = Date.now() + state.settings.pollSeconds * 1000
        for (;;) {
          const runner = tokens.runner(request)
          refuseOldVersion(request.query.get("runnerVersion") ?? runner.version, state.settings, "messages")
          const session = sessionOf(runner, request.query.get("sessionId"))
          state.runners.touch(session)
          const answer = await messageFor(runner, session, request)
          if (answer) return answer
          const left = deadline - Date.now()
          if (left <= 0 || request.signal.aborted) return { status: 202 }
          await state.jobs.change(Math.min(left, TOUCH), request.signal)
        }
      },
    ],
    [
      "DELETE",
      routePath("messages"),
      (request) => {
        const runner = tokens.runner(request)
        sessionOf(runner, request.query.get("sessionId"))
        // What was received is not sent again.
        const job = runner.job === undefined ? undefined : state.jobs.find(runner.job)
        if (job) job.acquired = true
        return { status: 204 }
      },
    ],
    [
      "PATCH",
      routePath("jobrequests"),
      (request, { requestId }) => {
        const runner = tokens.runner(request)
        const job = state.jobs.find(Number(requestId))
        if (!job) throw new Refusal(404, "TaskAgentJobNotFoundException")
        if (runner.job !== job.id) throw new JobGone(job)
        if (runner.session) state.runners.touch(runner.session)
        job.renewals++
        const lockedUntil = new Date(state.clock.now() + 10 * 60_000).toISOString()
        return { status: 200, body: { requestId: job.id, lockedUntil } }
      },
    ],
  ]
}

class SessionExpired extends Refusal {
  constructor() {
    super(401, "TaskAgentSessionExpiredException: The session is not valid any more.")
  }
}
