import { randomUUID } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"

/** By it, processes that a job left behind are known. */
export const TRACKING = "RUNNER_TRACKING_ID"

/**
 * What a job's programs have in their environment: the runner's own, and what GitHub documents.
 *
 * https://docs.github.com/actions/reference/workflows-and-actions/variables#default-environment-variables
 *
 * @param {import("../job-service.mjs").Job} job
 * @param {import("../configuration.mjs").Settings} settings
 * @param {import("./folders.mjs").Folders} folders
 * @returns {NodeJS.ProcessEnv}
 */
export function jobEnvironment(job, settings, { workspace, temporary, tools }) {
  const event = join(temporary, "event.json")
  writeFileSync(event, "{}\n")
  const server = new URL(settings.gitHubUrl ?? settings.serverUrl).origin
  return {
    ...process.env,
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_EVENT_NAME: "workflow_dispatch",
    GITHUB_EVENT_PATH: event,
    GITHUB_JOB: job.name,
    GITHUB_REPOSITORY: job.repository,
    GITHUB_REPOSITORY_OWNER: job.repository.split("/")[0],
    GITHUB_RUN_ATTEMPT: "1",
    GITHUB_RUN_ID: String(job.id),
    GITHUB_RUN_NUMBER: String(job.id),
    GITHUB_SERVER_URL: server,
    GITHUB_WORKFLOW: "fake",
    GITHUB_WORKSPACE: workspace,
    RUNNER_ARCH: process.arch.toUpperCase(),
    RUNNER_ENVIRONMENT: "self-hosted",
    RUNNER_NAME: settings.agentName,
    RUNNER_OS: "Linux",
    RUNNER_TEMP: temporary,
    RUNNER_TOOL_CACHE: tools,
    RUNNER_WORKSPACE: join(workspace, ".."),
    ...job.env,
    [TRACKING]: `github_${randomUUID()}`,
  }
}
