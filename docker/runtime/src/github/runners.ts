import * as z from "zod"
import type { Configuration } from "../configuration/configuration.js"
import { RuntimeFailure } from "../failure.js"
import { GitHubClient, type ClientOptions } from "./client.js"
import { credentialFor } from "./credential.js"
import { permissionFor } from "./permission.js"

const RUNNER = z.object({ id: z.number(), name: z.string(), status: z.string(), busy: z.boolean().optional() })
const PAGE = z.object({ runners: z.array(RUNNER) })
const GROUPS = z.object({ runner_groups: z.array(z.object({ id: z.number(), name: z.string() })) })
const JUST_IN_TIME = z.object({ runner: RUNNER, encoded_jit_config: z.base64().min(1) })

const PAGE_SIZE = 100

/** Time to remove a runner that nobody waits for any more, in milliseconds. */
const REMOVAL = 3000

/** A repository has this one alone, and elsewhere it is the one called Default. */
const DEFAULT_GROUP = 1

/** A runner as GitHub lists it. */
export type RegisteredRunner = z.infer<typeof RUNNER>

/** A runner for one job, to be created by GitHub. */
export interface NewRunner {
  readonly name: string
  readonly labels: readonly string[]
  /** By its name; GitHub's own default when left out. */
  readonly group?: string | undefined
  /** Absolute. */
  readonly workFolder: string
}

/** The runner that GitHub created: the files of its configuration, encoded. */
export interface JustInTimeRunner {
  readonly id: number
  readonly configuration: string
}

/** GitHub's own list of runners. */
export interface Runners {
  /** The runner of exactly this name. */
  find(name: string, signal?: AbortSignal): Promise<RegisteredRunner | undefined>
  /** Undefined when GitHub knows no such runner (any more). */
  get(id: number, signal?: AbortSignal): Promise<RegisteredRunner | undefined>
  /**
   * Takes a runner away.
   *
   * @returns `busy` when it has a job, `absent` when GitHub knows no such runner (any more)
   */
  remove(id: number, signal?: AbortSignal): Promise<"removed" | "busy" | "absent">
  /**
   * Registers a runner for one job.
   *
   * @returns `taken` when there is a runner of that name, `unknown` when the server knows no such request: GitHub Enterprise Server before
   * 3.10, and one that hides what the token may not see
   * @throws the signal's reason when aborted; a runner that was made all the same is removed again
   * @throws {RuntimeFailure} REGISTRATION for a group that does not exist
   */
  create(runner: NewRunner, signal?: AbortSignal): Promise<JustInTimeRunner | "taken" | "unknown">
}

/**
 * The runners of the configured repository, organisation or enterprise; undefined when no credential can list them.
 *
 * https://docs.github.com/rest/actions/self-hosted-runners
 */
export function runnersOf(configuration: Configuration, options: ClientOptions): Runners | undefined {
  const { authentication, target } = configuration
  const client = new GitHubClient(configuration.api, options)
  const credential = credentialFor(configuration, client, options.log)
  if (!credential || !target) return undefined
  const permission = permissionFor(target, authentication)
  const path = `${target.path}/actions/runners`
  const groupId = async (name: string, authorization: string, signal?: AbortSignal): Promise<number> => {
    for (let page = 1; ; page++) {
      const query = new URLSearchParams({ per_page: String(PAGE_SIZE), page: String(page) })
      const { runner_groups: groups } = await client.request({
        method: "GET",
        path: `${target.path}/actions/runner-groups?${query.toString()}`,
        authorization,
        answer: GROUPS,
        what: `the list of runner groups of ${target.path}`,
        permission,
        signal,
      })
      const found = groups.find((group) => group.name.toLowerCase() === name.toLowerCase())
      if (found) return found.id
      if (groups.length < PAGE_SIZE)
        throw new RuntimeFailure(
          "REGISTRATION",
          `there is no runner group ${name} for this runner`,
          "Check RUNNER_GROUP. Only organisations and enterprises have runner groups.",
        )
    }
  }
  const remove: Runners["remove"] = async (id, signal) =>
    await client.request<"removed" | "busy" | "absent">({
      method: "DELETE",
      path: `${path}/${String(id)}`,
      authorization: await credential(signal),
      answer: z.undefined().transform(() => "removed" as const),
      accept: { 404: "absent", 422: "busy" },
      what: `the removal of runner ${String(id)} of ${target.path}`,
      permission,
      signal,
    })
  return {
    async find(name, signal) {
      const authorization = await credential(signal)
      for (let page = 1; ; page++) {
        // Servers that do not know the filter leave it aside, hence the pages and the comparison.
        const query = new URLSearchParams({ name, per_page: String(PAGE_SIZE), page: String(page) })
        const { runners } = await client.request({
          method: "GET",
          path: `${path}?${query.toString()}`,
          authorization,
          answer: PAGE,
          what: `the list of runners of ${target.path}`,
          permission,
          signal,
        })
        const found = runners.find((runner) => runner.name === name)
        if (found || runners.length < PAGE_SIZE) return found
      }
    },
    async get(id, signal) {
      const answer = await client.request<RegisteredRunner | "absent">({
        method: "GET",
        path: `${path}/${String(id)}`,
        authorization: await credential(signal),
        answer: RUNNER,
        accept: { 404: "absent" },
        what: `runner ${String(id)} of ${target.path}`,
        permission,
        signal,
      })
      return answer === "absent" ? undefined : answer
    },
    remove,
    async create({ name, labels, group, workFolder }, signal) {
      const authorization = await credential(signal)
      const runnerGroup = group === undefined ? DEFAULT_GROUP : await groupId(group, authorization, signal)
      let made: number | undefined
      const request = client.request<z.infer<typeof JUST_IN_TIME> | "taken" | "unknown">({
        method: "POST",
        path: `${path}/generate-jitconfig`,
        authorization,
        body: { name, runner_group_id: runnerGroup, labels, work_folder: workFolder },
        answer: JUST_IN_TIME.transform((given) => {
          made = given.runner.id
          return given
        }),
        accept: { 404: "unknown", 409: "taken" },
        what: `a just-in-time configuration for ${target.path}`,
        permission,
        signal,
        makes: true,
      })
      const answer = await request.catch(async (error: unknown) => {
        // Nobody else will know about it.
        if (made !== undefined) await remove(made, AbortSignal.timeout(REMOVAL)).catch(() => undefined)
        throw error
      })
      if (typeof answer === "string") return answer
      options.log.hide(answer.encoded_jit_config)
      return { id: answer.runner.id, configuration: answer.encoded_jit_config }
    },
  }
}
