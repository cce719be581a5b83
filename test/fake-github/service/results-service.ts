import { z } from "zod"
import { jsonBody } from "../json-body.js"
import type { Job } from "../jobs.js"
import type { Answer, Request, Route } from "../message.js"
import { notFound } from "../refusal.js"
import type { State } from "../state.js"
import { addresses } from "./addresses.js"
import type { JobTokens } from "./job-tokens.js"
import { withoutTimes } from "./log-text.js"

const RECEIVER = "/_services/results/twirp/results.services.receiver.Receiver"

const WHICH = z.object({
  workflow_run_backend_id: z.string(),
  workflow_job_run_backend_id: z.string(),
  step_backend_id: z.string().optional(),
})

const STEPS = z.object({ steps: z.array(z.object({ external_id: z.string(), name: z.string() })) })

/** The largest summary of a step. */
const SUMMARY_LIMIT = 1024 * 1024

/** In the place of a step's id: the log of the whole job. */
const WHOLE_JOB = "job"

/**
 * The service that gets logs, summaries and the states of steps. Texts are sent to addresses that it hands out, in parts, as to a blob
 * of Azure's storage.
 *
 * https://github.com/actions/runner, `ResultsHttpClient.cs`
 */
export function resultsRoutes(state: State, jobTokens: JobTokens): Route[] {
  const address = (request: Request, kind: "logs" | "summaries"): string => {
    const { job } = jobTokens.job(request)
    const { step_backend_id: step = WHOLE_JOB } = jsonBody(request, WHICH)
    return `${addresses(request.origin).blobs}${job.uuid}/${kind}/${step}?signature=fake`
  }
  const uploads = (what: "StepLogs" | "JobLogs"): Route => [
    "POST",
    `${RECEIVER}/Get${what}SignedBlobURL`,
    (request) => ok({ logs_url: address(request, "logs"), blob_storage_type: "BLOB_STORAGE_TYPE_AZURE" }),
  ]
  const metadata = (what: "StepLogs" | "JobLogs" | "StepSummary"): Route => [
    "POST",
    `${RECEIVER}/Create${what}Metadata`,
    (request) => {
      jobTokens.job(request)
      jsonBody(request, WHICH)
      return ok({ ok: true })
    },
  ]
  /** Blobs to which more may be appended. */
  const open = new Set<string>()
  const append = (job: Job, step: string, text: string): void => {
    if (step === WHOLE_JOB) job.log += withoutTimes(text)
    else job.stepLogs[step] = (job.stepLogs[step] ?? "") + withoutTimes(text)
  }
  return [
    uploads("StepLogs"),
    uploads("JobLogs"),
    [
      "POST",
      `${RECEIVER}/GetStepSummarySignedBlobURL`,
      (request) =>
        ok({
          summary_url: address(request, "summaries"),
          soft_size_limit: SUMMARY_LIMIT,
          blob_storage_type: "BLOB_STORAGE_TYPE_AZURE",
        }),
    ],
    metadata("StepLogs"),
    metadata("JobLogs"),
    metadata("StepSummary"),
    [
      "POST",
      "/_services/results/twirp/github.actions.results.api.v1.WorkflowStepUpdateService/WorkflowStepsUpdate",
      (request) => {
        jobTokens.job(request)
        jsonBody(request, STEPS)
        return ok({ ok: true })
      },
    ],
    [
      "PUT",
      "/_services/blobs/:job/logs/:step",
      (request, { job: uuid = "", step = "" }) => {
        const job = state.jobs.findByUuid(uuid)
        if (!job) throw notFound()
        if (request.query.get("comp") !== "appendblock") {
          open.add(request.path)
          if (step === WHOLE_JOB) Object.assign(job, { log: "", logSent: true })
          return { status: 201 }
        }
        // As the storage answers for a blob that was not created, or was sealed.
        if (!open.has(request.path)) return { status: 404, body: "<Error><Code>BlobNotFound</Code></Error>" }
        append(job, step, request.body)
        if (request.query.get("seal") === "true") open.delete(request.path)
        return { status: 201 }
      },
    ],
    [
      "PUT",
      "/_services/blobs/:job/summaries/:step",
      (request, { job: uuid = "", step = "" }) => {
        const job = state.jobs.findByUuid(uuid)
        if (!job) throw notFound()
        job.summaries[step] = request.body
        return { status: 201 }
      },
    ],
  ]
}

function ok(body: object): Answer {
  return { status: 200, body }
}
