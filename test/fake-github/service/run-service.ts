import { z } from "zod"
import { jsonBody } from "../json-body.js"
import { type Annotation, type Job, RESULT } from "../jobs.js"
import type { Route } from "../message.js"
import { notFound } from "../refusal.js"
import type { State } from "../state.js"
import type { AccessTokens } from "./access-tokens.js"
import { addresses } from "./addresses.js"
import { jobMessage } from "./job-message.js"
import { JobGone, type JobTokens } from "./job-tokens.js"
import { exitCodeIn } from "./log-text.js"

const ACQUISITION = z.object({ jobMessageId: z.string() })

const ANNOTATION = z.object({ level: z.string(), message: z.string() })

/** `succeeded` ⇒ `Succeeded` */
const CONCLUSION = z
  .string()
  .transform((word) => word.charAt(0).toUpperCase() + word.slice(1))
  .pipe(RESULT)

/** A job's output, in either spelling. */
export const OUTPUT = z.object({ Value: z.string().optional(), value: z.string().optional() })

const COMPLETION = z.object({
  jobId: z.string(),
  conclusion: CONCLUSION,
  outputs: z.record(z.string(), OUTPUT).nullish(),
  stepResults: z
    .array(
      z.object({
        external_id: z.string(),
        name: z.string(),
        conclusion: CONCLUSION.nullish(),
        annotations: z.array(ANNOTATION).nullish(),
      }),
    )
    .nullish(),
})

/**
 * The service that gives jobs to runners, and hears how they end.
 *
 * https://github.com/actions/runner, `RunServiceHttpClient.cs`
 */
export function runServiceRoutes(state: State, tokens: AccessTokens, jobTokens: JobTokens): Route[] {
  return [
    [
      "POST",
      "/_services/run/acquirejob",
      async (request) => {
        const runner = tokens.runner(request)
        const job = state.jobs.findByUuid(jsonBody(request, ACQUISITION).jobMessageId)
        if (!job) throw notFound()
        if (runner.job !== job.id) throw new JobGone(job)
        job.acquired = true
        job.protocol = "run-service"
        const body = jobMessage({
          job,
          runner,
          addresses: addresses(request.origin),
          origin: request.origin,
          token: await jobTokens.create(job, runner),
          gitHubToken: state.tokens.createForJob().token,
        })
        state.jobs.changed()
        return { status: 200, body }
      },
    ],
    [
      "POST",
      "/_services/run/renewjob",
      (request) => {
        const { job } = jobTokens.job(request)
        job.renewals++
        return { status: 200, body: { lockedUntil: new Date(state.clock.now() + 10 * 60_000).toISOString() } }
      },
    ],
    [
      "POST",
      "/_services/run/completejob",
      (request) => {
        const { job, runner } = jobTokens.job(request)
        const { conclusion, outputs, stepResults } = jsonBody(request, COMPLETION)
        job.results = valuesOf(outputs ?? {})
        // Their logs came by their ids.
        const names = new Map((stepResults ?? []).map(({ external_id: id, name }) => [id, name]))
        job.stepLogs = renamed(job.stepLogs, names)
        job.summaries = renamed(job.summaries, names)
        const steps = (stepResults ?? []).map(({ name, conclusion: result, annotations }) => ({
          name,
          result: result ?? ("Skipped" as const),
          annotations: (annotations ?? []).map((one): Annotation => ({ step: name, ...one })),
        }))
        job.annotations = steps.flatMap(({ annotations }) => annotations)
        state.completeJob(runner, job, conclusion, steps.map(stepResult))
        return { status: 200, body: {} }
      },
    ],
  ]
}

/** Outputs by their names. */
export function valuesOf(outputs: Readonly<Record<string, z.infer<typeof OUTPUT>>>): Record<string, string> {
  return Object.fromEntries(Object.entries(outputs).map(([name, { Value, value }]) => [name, Value ?? value ?? ""]))
}

function renamed(texts: Readonly<Record<string, string>>, names: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([id, text]) => [names.get(id) ?? id, text]))
}

interface ReportedStep {
  readonly name: string
  readonly result: z.infer<typeof RESULT>
  readonly annotations: readonly Annotation[]
}

/** With the exit code that an annotation tells. */
export function stepResult({ name, result, annotations }: ReportedStep): Job["stepResults"][number] {
  return { name, result, exitCode: exitCodeIn(annotations.map(({ message }) => message)) }
}
