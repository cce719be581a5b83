import { randomUUID } from "node:crypto"
import type { Job } from "../jobs.js"
import type { Runner } from "../runners.js"
import type { addresses } from "./addresses.js"
import { contextData } from "./context-data.js"
import { templateToken } from "./template-token.js"

interface Facts {
  readonly job: Job
  readonly runner: Runner
  readonly addresses: ReturnType<typeof addresses>
  /** `https://127.0.0.1:8443` */
  readonly origin: string
  /** What stands for the job at the services. */
  readonly token: string
  /** Stands for the workflow at GitHub: `${{ github.token }}`. */
  readonly gitHubToken: string
}

/**
 * A job as the server sends it to a runner.
 *
 * https://github.com/actions/runner, `AgentJobRequestMessage.cs`
 */
export function jobMessage(facts: Facts): object {
  const { job, addresses, token, gitHubToken } = facts
  const runService = job.protocol === "run-service"
  return {
    messageType: runService ? "RunnerJobRequest" : "PipelineAgentJobRequest",
    plan: { scopeIdentifier: job.uuid, planType: "free", planId: job.uuid, version: 12, features: "None" },
    timeline: { id: job.uuid, changeId: 1 },
    jobId: job.uuid,
    jobDisplayName: job.name,
    jobName: "__default",
    requestId: job.id,
    lockedUntil: "0001-01-01T00:00:00",
    resources: {
      endpoints: [
        {
          name: "SystemVssConnection",
          url: runService ? addresses.run : addresses.tenant,
          authorization: { parameters: { AccessToken: token }, scheme: "OAuth" },
          data: {
            ServerId: job.uuid,
            ServerName: "fake",
            ResultsServiceUrl: addresses.results,
            FeedStreamUrl: `${addresses.feed}${job.uuid}`,
          },
          isShared: false,
          isReady: true,
        },
      ],
    },
    contextData: contexts(facts),
    variables: {
      "system.github.token": secret(gitHubToken),
      "system.github.job": plain(job.name.replace(/\W+/g, "_")),
      "system.runnerGroupName": plain("Default"),
      ...(runService && {
        "system.github.results_endpoint": plain(addresses.results),
        "system.github.launch_endpoint": plain(addresses.launch),
      }),
      ...(job.debug && { ACTIONS_STEP_DEBUG: secret("true") }),
      ...Object.fromEntries(job.secrets.map((value, index) => [`SECRET_${index + 1}`, secret(value)])),
      ...Object.fromEntries(Object.entries(job.namedSecrets).map(([name, value]) => [name, secret(value)])),
    },
    mask: [{ type: "regex", value: token.replace(/[.]/g, "\\.") }],
    environmentVariables: Object.keys(job.env).length > 0 ? [templateToken(job.env)] : [],
    defaults: job.defaults
      ? [templateToken({ run: { shell: job.defaults.shell, "working-directory": job.defaults.workingDirectory } })]
      : [],
    ...(Object.keys(job.outputs).length > 0 && { jobOutputs: templateToken(job.outputs) }),
    steps: job.steps.map(stepMessage),
    fileTable: [".github/workflows/fake.yml"],
  }
}

function stepMessage(step: Job["steps"][number], index: number): object {
  const inputs =
    step.uses === undefined
      ? { script: step.run, shell: step.shell, workingDirectory: step.workingDirectory }
      : step.with
  return {
    type: "action",
    id: randomUUID(),
    name: step.id ?? `__step_${index + 1}`,
    contextName: step.id ?? `__step_${index + 1}`,
    reference: step.uses === undefined ? { type: "script" } : actionReference(step.uses),
    ...(step.name !== undefined && { displayNameToken: templateToken(step.name) }),
    condition: conditionOf(step),
    inputs: templateToken(inputs),
    ...(Object.keys(step.env).length > 0 && { environment: templateToken(step.env) }),
    ...(step.continueOnError !== undefined && { continueOnError: templateToken(step.continueOnError) }),
    ...(step.timeoutMinutes !== undefined && { timeoutInMinutes: templateToken(step.timeoutMinutes) }),
  }
}

/** Of `octo/greet/folder@v1`, and of `./folder`, which is in the workspace. */
function actionReference(uses: string): object {
  if (uses.startsWith("./")) return { type: "repository", repositoryType: "self", path: uses }
  const [, name = "", path = "", ref = ""] = /^([^/@]+\/[^/@]+)(?:\/([^@]*))?@(.*)$/.exec(uses) ?? []
  return { type: "repository", repositoryType: "GitHub", name, path, ref }
}

const STATUS = /\b(?:always|cancelled|failure|success)\s*\(/

/** The server adds success() to a condition that says nothing of the kind. */
function conditionOf({ if: condition, always }: Job["steps"][number]): string {
  if (always) return "always()"
  if (condition === undefined) return "success()"
  const bare = condition.replace(/^\s*\$\{\{(.*)\}\}\s*$/s, "$1").trim()
  return STATUS.test(bare) ? bare : `success() && (${bare})`
}

function contexts({ job, origin, gitHubToken }: Facts): Readonly<Record<string, unknown>> {
  const [owner = ""] = job.repository.split("/")
  const github = {
    token: gitHubToken,
    job: job.name,
    ref: "refs/heads/main",
    ref_name: "main",
    ref_type: "branch",
    ref_protected: false,
    sha: "0".repeat(40),
    repository: job.repository,
    repository_id: "1",
    repository_owner: owner,
    repository_owner_id: "2",
    run_id: String(job.id),
    run_number: String(job.id),
    run_attempt: "1",
    retention_days: "90",
    actor: "octocat",
    actor_id: "3",
    triggering_actor: "octocat",
    workflow: "fake",
    workflow_ref: `${job.repository}/.github/workflows/fake.yml@refs/heads/main`,
    workflow_sha: "0".repeat(40),
    head_ref: "",
    base_ref: "",
    event_name: "workflow_dispatch",
    event: { repository: { full_name: job.repository } },
    server_url: origin,
    api_url: `${origin}/api/v3`,
    graphql_url: `${origin}/api/graphql`,
  }
  const strategy = { "fail-fast": true, "job-index": 0, "job-total": 1, "max-parallel": 1 }
  const all = { github, needs: job.needs, vars: job.vars, inputs: {}, strategy, matrix: job.matrix ?? null }
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, contextData(value)]))
}

function plain(value: string): object {
  return { value }
}

function secret(value: string): object {
  return { value, isSecret: true }
}
