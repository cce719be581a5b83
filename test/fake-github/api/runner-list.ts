import type { Target } from "../accounts.js"
import { authorize, authorizeRunnerToken, credentialsOf } from "../authorization.js"
import type { Parameters, Request, Route } from "../message.js"
import { page } from "../page.js"
import { notFound, Refusal } from "../refusal.js"
import type { Runner } from "../runners.js"
import type { State } from "../state.js"
import { targetRoutes } from "./target-routes.js"

const DOCUMENTATION = "https://docs.github.com/rest/actions/self-hosted-runners"

/** Which of GitHub's runner applications there are. */
const APPLICATIONS = ["x64", "arm64"] as const

/**
 * The runners of a repository, organisation or enterprise. config.sh asks here as well, with its own token.
 *
 * https://docs.github.com/rest/actions/self-hosted-runners
 */
export function runnerListRoutes(state: State): Route[] {
  return [
    // https://docs.github.com/rest/actions/self-hosted-runners#list-runner-applications-for-a-repository
    ...targetRoutes("GET", "/actions/runners/downloads", (request, path) => {
      authorize(request, path, state, "read")
      const version = state.settings.offeredRunnerVersion
      const body = APPLICATIONS.map((architecture) => {
        const filename = `actions-runner-linux-${architecture}-${version}.tar.gz`
        const folder = `https://github.com/actions/runner/releases/download/v${version}`
        return { os: "linux", architecture, download_url: `${folder}/${filename}`, filename }
      })
      return { status: 200, body }
    }),
    // https://docs.github.com/rest/actions/self-hosted-runners#list-self-hosted-runners-for-a-repository
    ...targetRoutes("GET", "/actions/runners", (request, path) => {
      const target = authorizeEither(request, path, state, "read")
      const name = request.query.get("name")
      const runners = state.runners.of(target).filter((runner) => name === null || runner.name === name)
      return page(
        request,
        "runners",
        runners.map((runner) => described(runner, state)),
      )
    }),
    // https://docs.github.com/rest/actions/self-hosted-runners#get-a-self-hosted-runner-for-a-repository
    ...targetRoutes("GET", "/actions/runners/:id", (request, path, parameters) => {
      const target = authorize(request, path, state, "read")
      return { status: 200, body: described(find(target, parameters, state), state) }
    }),
    // https://docs.github.com/rest/actions/self-hosted-runners#delete-a-self-hosted-runner-from-a-repository
    ...targetRoutes("DELETE", "/actions/runners/:id", (request, path, parameters) => {
      const target = authorizeEither(request, path, state, "write")
      const runner = find(target, parameters, state)
      if (runner.job !== undefined)
        throw new Refusal(
          422,
          `Bad request - Runner "${runner.name}" is currently running a job and cannot be deleted.`,
          `${DOCUMENTATION}#delete-a-self-hosted-runner-from-a-repository`,
        )
      state.runners.remove(runner)
      state.jobs.changed()
      return { status: 204 }
    }),
    // https://docs.github.com/rest/actions/self-hosted-runner-groups#list-self-hosted-runner-groups-for-an-organization
    ...targetRoutes("GET", "/actions/runner-groups", (request, path) => {
      const target = authorizeEither(request, path, state, "read")
      const groups = state.accounts.groups(target).map((group) => ({
        ...group,
        visibility: "all",
        is_hosted: false,
        inherited: false,
        allows_public_repositories: false,
        runners_url: `${request.api}/${target.path}/actions/runner-groups/${String(group.id)}/runners`,
      }))
      return page(request, "runner_groups", groups)
    }),
  ]
}

/** By a token for the API, or by one of config.sh that is for this target. */
function authorizeEither(request: Request, path: string, state: State, access: "read" | "write"): Target {
  if (credentialsOf(request)?.scheme !== "remoteauth") return authorize(request, path, state, access)
  const { target } = authorizeRunnerToken(request, state)
  if (target !== state.accounts.find(path)) throw notFound(DOCUMENTATION)
  return target
}

function find(target: Target, { id }: Parameters, state: State): Runner {
  const runner = state.runners.find(target, Number(id))
  if (!runner) throw notFound(DOCUMENTATION)
  return runner
}

/** A runner as the API shows it. */
export function described(runner: Runner, state: State): Record<string, unknown> {
  return {
    id: runner.id,
    runner_group_id: runner.group,
    name: runner.name,
    os: "linux",
    status: state.runners.isOnline(runner) ? "online" : "offline",
    busy: runner.job !== undefined,
    ephemeral: runner.ephemeral,
    labels: runner.labels,
    version: runner.version,
  }
}
