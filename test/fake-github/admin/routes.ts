import { z } from "zod"
import type { Accounts, Target } from "../accounts.js"
import { described } from "../api/runner-list.js"
import { FAULT } from "../faults.js"
import { NEW_JOB } from "../jobs.js"
import { jsonBody } from "../json-body.js"
import type { Answer, Route } from "../message.js"
import { notFound } from "../refusal.js"
import { SETTINGS } from "../settings.js"
import type { State } from "../state.js"
import { SCOPES } from "../tokens.js"

/** Whatever the administrator may add, by kind. */
const ADDITIONS = {
  repository: z.strictObject({
    name: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
    owner: z.enum(["organization", "user"]).optional(),
  }),
  organization: z.strictObject({ login: z.string() }),
  user: z.strictObject({ login: z.string() }),
  enterprise: z.strictObject({ name: z.string(), organizations: z.array(z.string()).optional() }),
  group: z.strictObject({ target: z.string(), name: z.string() }),
  token: z.strictObject({
    token: z.string().optional(),
    login: z.string().optional(),
    scopes: z.array(z.string()).optional(),
    access: z.array(z.string()).optional(),
  }),
  runnerToken: z.strictObject({ kind: z.enum(["registration", "remove"]).default("registration"), target: z.string() }),
  app: z.strictObject({ key: z.string(), id: z.int().optional(), slug: z.string().optional() }),
  installation: z.strictObject({
    app: z.int(),
    account: z.string(),
    accountType: z.enum(["Organization", "User"]).optional(),
    permissions: z.record(z.string(), z.enum(["read", "write"])).optional(),
    repositories: z.array(z.string()).optional(),
  }),
}

const WHICH = z.strictObject({
  token: z.string().optional(),
  kind: z.enum(["personal", "installation", "job", "registration", "remove"]).optional(),
})

/** The administrator's side: makes the server what a test needs, and tells what happened. Needs no credentials. */
export function adminRoutes(state: State, down: (seconds: number) => void): Route[] {
  const { accounts, tokens, apps, jobs, runners, faults, requests, clock, rateLimit, settings } = state
  return [
    ["GET", "/_fake", () => ok({ fake: true, now: clock.date().toISOString(), targets: accounts.list() })],
    post("/_fake/repositories", ADDITIONS.repository, ({ name, owner }) =>
      created(accounts.addRepository(name, owner)),
    ),
    post("/_fake/organizations", ADDITIONS.organization, ({ login }) => created(accounts.addOrganization(login))),
    post("/_fake/users", ADDITIONS.user, ({ login }) => {
      accounts.addUser(login)
      return created({ login })
    }),
    post("/_fake/enterprises", ADDITIONS.enterprise, ({ name, organizations }) =>
      created(accounts.addEnterprise(name, organizations)),
    ),
    post("/_fake/groups", ADDITIONS.group, ({ target, name }) =>
      created(accounts.addGroup(known(accounts, target), name)),
    ),
    post("/_fake/targets/remove", z.strictObject({ path: z.string() }), ({ path }) =>
      ok({ removed: accounts.remove(path) }),
    ),

    ["GET", "/_fake/tokens", () => ok(tokens.list())],
    post("/_fake/tokens", ADDITIONS.token, (token) =>
      created(tokens.addPersonal({ scopes: Object.values(SCOPES), ...defined(token) })),
    ),
    post("/_fake/tokens/runner", ADDITIONS.runnerToken, ({ kind, target }) =>
      created(tokens.createForRunner(kind, known(accounts, target))),
    ),
    post("/_fake/tokens/revoke", WHICH, (which) => ok({ revoked: tokens.revoke(which) })),
    post("/_fake/tokens/expire", WHICH, (which) => ok({ expired: tokens.expire(which) })),

    post("/_fake/apps", ADDITIONS.app, ({ key, ...options }) => {
      const { id, clientId, slug } = apps.add(key, defined(options))
      return created({ id, clientId, slug })
    }),
    post("/_fake/installations", ADDITIONS.installation, ({ app, account, ...options }) => {
      const found = apps.find(String(app))
      if (!found) throw notFound()
      return created({ id: apps.install(found, account, defined(options)).id })
    }),
    [
      "POST",
      "/_fake/installations/:id/suspend",
      (_, { id }) => {
        const found = apps.installation(Number(id))
        if (!found) throw notFound()
        found.suspended = true
        return ok({ id: found.id })
      },
    ],

    [
      "GET",
      "/_fake/runners",
      () =>
        ok(
          runners.list().map((runner) => ({
            ...described(runner, state),
            target: runner.target.path,
            just_in_time: runner.justInTime,
          })),
        ),
    ],
    [
      "DELETE",
      "/_fake/runners/:id",
      (_, { id }) => {
        const runner = runners.list().find((candidate) => candidate.id === Number(id))
        if (!runner) throw notFound()
        runners.remove(runner)
        jobs.changed()
        return { status: 204 }
      },
    ],

    ["GET", "/_fake/jobs", () => ok(jobs.list())],
    post("/_fake/jobs", NEW_JOB, (job) => created(jobs.enqueue(job))),
    [
      "GET",
      "/_fake/jobs/:id",
      async (request, { id }) => {
        const job = jobs.find(Number(id))
        if (!job) throw notFound()
        const deadline = Date.now() + Number(request.query.get("wait") ?? 0) * 1000
        // `?wait=30` waits so many seconds for its end, `&status=in_progress` for its beginning.
        const wanted = request.query.get("status") ?? "completed"
        while (
          job.status !== wanted &&
          job.status !== "completed" &&
          Date.now() < deadline &&
          !request.signal.aborted
        ) {
          await jobs.change(Math.min(deadline - Date.now(), 200), request.signal)
          state.abandonLostJobs()
        }
        return ok(job)
      },
    ],
    [
      "POST",
      "/_fake/jobs/:id/cancel",
      (_, { id }) => {
        const job = jobs.find(Number(id))
        if (!job) throw notFound()
        jobs.cancel(job)
        return ok(job)
      },
    ],

    ["GET", "/_fake/faults", () => ok(faults.pending())],
    post("/_fake/faults", FAULT, (fault) => {
      faults.add(fault)
      return created(fault)
    }),
    [
      "DELETE",
      "/_fake/faults",
      () => {
        faults.clear()
        return { status: 204 }
      },
    ],
    post("/_fake/down", z.strictObject({ seconds: z.number().positive() }), ({ seconds }) => {
      down(seconds)
      return ok({ seconds })
    }),

    ["GET", "/_fake/requests", (request) => ok(requests.list(request.query.get("contains") ?? ""))],
    [
      "DELETE",
      "/_fake/requests",
      () => {
        requests.clear()
        return { status: 204 }
      },
    ],

    ["GET", "/_fake/settings", () => ok(settings)],
    post("/_fake/settings", SETTINGS.partial(), (changes) => ok(Object.assign(settings, defined(changes)))),
    post("/_fake/clock", z.strictObject({ ahead: z.number() }), ({ ahead }) => {
      clock.ahead = ahead
      return ok({ now: clock.date().toISOString() })
    }),
    post(
      "/_fake/rate-limit",
      z.strictObject({ limit: z.int().nonnegative().optional(), window: z.number().positive().optional() }),
      (limits) => {
        Object.assign(rateLimit, defined(limits))
        rateLimit.clear()
        return ok(limits)
      },
    ),
  ]
}

function post<T extends z.ZodType>(path: string, form: T, handler: (body: z.infer<T>) => Answer): Route {
  return ["POST", path, (request) => handler(jsonBody(request, form))]
}

function known(accounts: Accounts, path: string): Target {
  const target = accounts.find(path)
  if (!target) throw notFound()
  return target
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Without what is undefined, which would count as given. */
function defined<T extends object>(options: T): Defined<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Defined<T>
}

function ok(body: unknown): Answer {
  return { status: 200, body }
}

function created(body: unknown): Answer {
  return { status: 201, body }
}
