import { z } from "zod"
import { camelCased, jsonBody } from "../../json-body.js"
import { RESULT } from "../../jobs.js"
import type { Route } from "../../message.js"
import type { State } from "../../state.js"
import type { JobTokens } from "../job-tokens.js"
import { findAction } from "../launch.js"
import { withoutTimes } from "../log-text.js"
import { OUTPUT, stepResult, valuesOf } from "../run-service.js"
import { routePath } from "./resources.js"

const RECORDS = z.preprocess(
  camelCased,
  z.object({
    value: z.array(
      z.object({
        id: z.string(),
        type: z.string(),
        name: z.string(),
        order: z.number().nullish(),
        result: RESULT.nullish(),
        log: z.object({ id: z.number() }).nullish(),
        issues: z.array(z.object({ type: z.string(), message: z.string() })).nullish(),
      }),
    ),
  }),
)
type TimelineRecord = z.infer<typeof RECORDS>["value"][number]

const FEED = z.preprocess(camelCased, z.object({ value: z.array(z.string()) }))

const EVENT = z.preprocess(
  camelCased,
  z.object({
    name: z.literal("JobCompleted"),
    jobId: z.string(),
    result: RESULT,
    outputs: z.record(z.string(), OUTPUT).nullish(),
  }),
)

const REFERENCES = z.preprocess(
  camelCased,
  z.object({ actions: z.array(z.object({ nameWithOwner: z.string(), ref: z.string() })) }),
)

/** How a job goes, as runners of the pipelines service tell: records of steps, lines for the live view, logs, its end. */
export function planRoutes(state: State, jobTokens: JobTokens): Route[] {
  /** By the ids of jobs. */
  const timelines = new Map<number, Map<string, TimelineRecord>>()
  const logs = new Map<number, string>()

  return [
    [
      "PATCH",
      routePath("records", false),
      (request) => {
        const { job } = jobTokens.job(request)
        const records = timelines.get(job.id) ?? new Map<string, TimelineRecord>()
        timelines.set(job.id, records)
        const { value } = jsonBody(request, RECORDS)
        for (const record of value) records.set(record.id, record)
        return { status: 200, body: { count: value.length, value } }
      },
    ],
    [
      "POST",
      routePath("feeds"),
      (request) => {
        const { job } = jobTokens.job(request)
        job.log += jsonBody(request, FEED)
          .value.map((line) => `${line}\n`)
          .join("")
        state.jobs.changed()
        return { status: 204 }
      },
    ],
    [
      "POST",
      routePath("logs", false),
      (request) => {
        jobTokens.job(request)
        const id = logs.size + 1
        logs.set(id, "")
        return { status: 200, body: { ...(JSON.parse(request.body) as object), id } }
      },
    ],
    [
      "POST",
      routePath("logs"),
      (request, { logId }) => {
        jobTokens.job(request)
        logs.set(Number(logId), (logs.get(Number(logId)) ?? "") + request.body)
        return { status: 200, body: { id: Number(logId) } }
      },
    ],
    [
      "POST",
      routePath("events"),
      (request) => {
        const { job, runner } = jobTokens.job(request)
        const { result, outputs } = jsonBody(request, EVENT)
        const records = [...(timelines.get(job.id)?.values() ?? [])]
        const steps = records
          .filter(({ type }) => type === "Task")
          .sort((left, right) => (left.order ?? 0) - (right.order ?? 0))
        job.results = valuesOf(outputs ?? {})
        for (const { name, log } of steps) if (log) job.stepLogs[name] = withoutTimes(logs.get(log.id) ?? "")
        const whole = records.find(({ type }) => type === "Job")?.log
        // The live view may have missed something.
        if (whole) job.log = withoutTimes(logs.get(whole.id) ?? "")
        const reported = steps.map(({ name, result: ended, issues }) => ({
          name,
          result: ended ?? ("Skipped" as const),
          annotations: (issues ?? []).map(({ type, message }) => ({ step: name, level: type, message })),
        }))
        job.annotations = reported.flatMap(({ annotations }) => annotations)
        state.completeJob(runner, job, result, reported.map(stepResult))
        return { status: 204 }
      },
    ],
    [
      "POST",
      routePath("actiondownloadinfo"),
      (request) => {
        jobTokens.job(request)
        const found = jsonBody(request, REFERENCES).actions.map(({ nameWithOwner, ref }) =>
          findAction(state, request, nameWithOwner, ref),
        )
        const actions = found.map(({ name, ref, sha, url }): [string, object] => [
          `${name}@${ref}`,
          { nameWithOwner: name, resolvedNameWithOwner: name, resolvedSha: sha, ref, tarballUrl: url, zipballUrl: url },
        ])
        return { status: 200, body: { actions: Object.fromEntries(actions) } }
      },
    ],
  ]
}
