import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { join } from "node:path"
import * as tar from "tar"
import { z } from "zod"
import { jsonBody } from "../json-body.js"
import type { Request, Route } from "../message.js"
import { notFound } from "../refusal.js"
import type { State } from "../state.js"
import { addresses } from "./addresses.js"
import type { JobTokens } from "./job-tokens.js"

const REFERENCES = z.object({
  actions: z.array(z.object({ action: z.string(), version: z.string(), path: z.string().optional() })),
})

/** Where an action's archive is, and what it has. */
export interface FoundAction {
  readonly name: string
  readonly ref: string
  /** As a commit's: 40 hexadecimal digits. */
  readonly sha: string
  readonly url: string
}

/** @throws {Refusal} 404 when there is no such action in the folder */
export function findAction(state: State, request: Request, name: string, ref: string): FoundAction {
  if (!/^[\w.-]+\/[\w.-]+$/.test(name) || !existsSync(join(state.settings.actions, name))) throw notFound()
  const sha = createHash("sha1").update(`${name}@${ref}`).digest("hex")
  return { name, ref, sha, url: `${addresses(request.origin).actions}${name}/tar.gz/${sha}` }
}

/**
 * The service that says where actions are, and the archives themselves: of each, there is what the folder has, whatever the version.
 *
 * https://github.com/actions/runner, `LaunchHttpClient.cs`
 */
export function launchRoutes(state: State, jobTokens: JobTokens): Route[] {
  return [
    [
      "POST",
      "/_services/launch/actions/build/:plan/jobs/:job/runnerresolve/actions",
      (request) => {
        jobTokens.job(request)
        const found = jsonBody(request, REFERENCES).actions.map(({ action, version }) =>
          findAction(state, request, action, version),
        )
        const actions = found.map(({ name, ref, sha, url }): [string, object] => [
          `${name}@${ref}`,
          { name, resolved_name: name, resolved_sha: sha, version: ref, tar_url: url, zip_url: url },
        ])
        return { status: 200, body: { actions: Object.fromEntries(actions) } }
      },
    ],
    [
      "GET",
      "/_services/actions/:owner/:name/tar.gz/:sha",
      async (_, { owner = "", name = "", sha = "" }) => {
        const folder = join(state.settings.actions, owner, name)
        if (!existsSync(folder)) throw notFound()
        const archive = tar.create(
          { gzip: true, cwd: folder, prefix: `${owner}-${name}-${sha.slice(0, 7)}`, portable: true },
          ["."],
        )
        return { status: 200, body: await archive.concat() }
      },
    ],
  ]
}
