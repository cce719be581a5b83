import { z } from "zod"
import { verifyAppJwt } from "../app-jwt.js"
import { type App, type Installation, reaches } from "../apps.js"
import { credentialsOf } from "../authorization.js"
import { jsonBody } from "../json-body.js"
import type { Parameters, Request, Route } from "../message.js"
import { notFound, Refusal } from "../refusal.js"
import type { State } from "../state.js"

const DOCUMENTATION = "https://docs.github.com/rest/apps/apps"

const WANTED = z.object({
  repositories: z.array(z.string()).optional(),
  repository_ids: z.array(z.int()).optional(),
  permissions: z.record(z.string(), z.enum(["read", "write"])).optional(),
})

/**
 * GitHub Apps, which ask as themselves, by a JSON web token.
 *
 * https://docs.github.com/rest/apps/apps
 */
export function appRoutes(state: State): Route[] {
  const asApp = async (request: Request): Promise<App> => {
    const credentials = credentialsOf(request)
    if (credentials?.scheme !== "bearer") throw new Refusal(401, "A JSON web token could not be decoded", DOCUMENTATION)
    return await verifyAppJwt(credentials.token, state.apps, state.clock.now())
  }
  const installed = (where: string, suits: (installation: Installation, parameters: Parameters) => boolean): Route => [
    "GET",
    where,
    async (request, parameters) => {
      const found = state.apps
        .installations(await asApp(request))
        .find((installation) => suits(installation, parameters))
      if (!found) throw notFound(DOCUMENTATION)
      return { status: 200, body: described(found, request) }
    },
  ]
  const isAccount = ({ account }: Installation, login = ""): boolean => account.toLowerCase() === login.toLowerCase()
  return [
    // https://docs.github.com/rest/apps/apps#get-the-authenticated-app
    [
      "GET",
      "/app",
      async (request) => {
        const { id, slug, clientId } = await asApp(request)
        return { status: 200, body: { id, slug, client_id: clientId, name: slug } }
      },
    ],
    // https://docs.github.com/rest/apps/apps#list-installations-for-the-authenticated-app
    [
      "GET",
      "/app/installations",
      async (request) => {
        const found = state.apps.installations(await asApp(request))
        return { status: 200, body: found.map((installation) => described(installation, request)) }
      },
    ],
    // https://docs.github.com/rest/apps/apps#get-an-installation-for-the-authenticated-app
    installed("/app/installations/:id", ({ id }, parameters) => String(id) === parameters.id),
    // https://docs.github.com/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app
    installed("/repos/:owner/:repo/installation", (installation, { owner = "", repo = "" }) => {
      return state.accounts.find(`repos/${owner}/${repo}`) !== undefined && reaches(installation, `${owner}/${repo}`)
    }),
    // https://docs.github.com/rest/apps/apps#get-an-organization-installation-for-the-authenticated-app
    installed("/orgs/:org/installation", (installation, { org }) => {
      return installation.accountType === "Organization" && isAccount(installation, org)
    }),
    // https://docs.github.com/rest/apps/apps#get-a-user-installation-for-the-authenticated-app
    installed("/users/:user/installation", (installation, { user }) => {
      return installation.accountType === "User" && isAccount(installation, user)
    }),
    // https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app
    [
      "POST",
      "/app/installations/:id/access_tokens",
      async (request, { id }) => {
        const app = await asApp(request)
        const found = state.apps.installation(Number(id))
        if (found?.app !== app) throw notFound(DOCUMENTATION)
        if (found.suspended) throw new Refusal(403, "This installation has been suspended", DOCUMENTATION)
        jsonBody(request, WANTED)
        const { token, expiresAt = 0 } = state.tokens.createForInstallation(found.id)
        return {
          status: 201,
          body: {
            token,
            expires_at: new Date(expiresAt).toISOString(),
            permissions: found.permissions,
            repository_selection: found.repositories ? "selected" : "all",
          },
        }
      },
    ],
  ]
}

function described(installation: Installation, request: Request): Record<string, unknown> {
  const { id, app, account, accountType, permissions, repositories, suspended } = installation
  return {
    id,
    account: { login: account, type: accountType },
    access_tokens_url: `${request.api}/app/installations/${String(id)}/access_tokens`,
    app_id: app.id,
    client_id: app.clientId,
    app_slug: app.slug,
    target_type: accountType,
    permissions,
    repository_selection: repositories ? "selected" : "all",
    suspended_at: suspended ? new Date(0).toISOString() : null,
  }
}
