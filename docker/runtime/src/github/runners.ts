import * as z from "zod"
import type { Configuration } from "../configuration/configuration.js"
import { GitHubClient, type ClientOptions } from "./client.js"
import { credentialFor } from "./credential.js"
import { permissionFor } from "./permission.js"

const RUNNER = z.object({ id: z.number(), name: z.string(), status: z.string(), busy: z.boolean().optional() })
const PAGE = z.object({ runners: z.array(RUNNER) })
const PAGE_SIZE = 100

/** A runner as GitHub lists it. */
export type RegisteredRunner = z.infer<typeof RUNNER>

/** GitHub's own list of runners, for what config.sh cannot clean up. */
export interface Runners {
  /** The runner of exactly this name. */
  find(name: string, signal?: AbortSignal): Promise<RegisteredRunner | undefined>
  /**
   * Takes a runner away.
   *
   * @returns `busy` when it has a job, `absent` when GitHub knows no such runner (any more)
   */
  remove(id: number, signal?: AbortSignal): Promise<"removed" | "busy" | "absent">
}

/**
 * The runners of the configured repository, organisation or enterprise; undefined when nothing is given that may list them.
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
    async remove(id, signal) {
      return await client.request<"removed" | "busy" | "absent">({
        method: "DELETE",
        path: `${path}/${String(id)}`,
        authorization: await credential(signal),
        answer: z.undefined().transform(() => "removed" as const),
        accept: { 404: "absent", 422: "busy" },
        what: `the removal of runner ${String(id)} of ${target.path}`,
        permission,
        signal,
      })
    },
  }
}
