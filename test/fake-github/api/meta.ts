import { authenticate, credentialsOf } from "../authorization.js"
import type { Route } from "../message.js"
import { notFound } from "../refusal.js"
import type { State } from "../state.js"

/** What is asked for to see whether the server and a token are well. */
export function metaRoutes(state: State): Route[] {
  return [
    // https://docs.github.com/rest/meta/meta#github-api-root
    [
      "GET",
      "/",
      ({ api }) => ({
        status: 200,
        body: { current_user_url: `${api}/user`, rate_limit_url: `${api}/rate_limit` },
      }),
    ],
    // https://docs.github.com/rest/meta/meta#get-github-meta-information
    ["GET", "/meta", () => ({ status: 200, body: { verifiable_password_authentication: false } })],
    // https://docs.github.com/rest/meta/meta#get-the-zen-of-github
    [
      "GET",
      "/zen",
      () => ({ status: 200, body: "Keep it logically awesome.", headers: { "content-type": "text/plain" } }),
    ],
    // https://docs.github.com/rest/rate-limit/rate-limit#get-rate-limit-status-for-the-authenticated-user
    [
      "GET",
      "/rate_limit",
      (request) => {
        const core = state.rateLimit.status(credentialsOf(request)?.token ?? "")
        return { status: 200, body: { resources: { core }, rate: core } }
      },
    ],
    // https://docs.github.com/rest/users/users#get-the-authenticated-user
    [
      "GET",
      "/user",
      (request) => {
        const token = authenticate(request, state)
        if (token.kind !== "personal") throw notFound()
        return {
          status: 200,
          body: { login: token.login, type: "User" },
          headers: { "x-oauth-scopes": token.scopes.join(", ") },
        }
      },
    ],
    // https://docs.github.com/rest/repos/repos#get-a-repository
    [
      "GET",
      "/repos/:owner/:repo",
      (request, { owner = "", repo = "" }) => {
        authenticate(request, state)
        const target = state.accounts.find(`repos/${owner}/${repo}`)
        if (!target) throw notFound()
        const fullName = target.path.slice("repos/".length)
        return { status: 200, body: { full_name: fullName, private: true, owner: { login: target.owner } } }
      },
    ],
    // https://docs.github.com/rest/orgs/orgs#get-an-organization
    [
      "GET",
      "/orgs/:org",
      (request, { org = "" }) => {
        authenticate(request, state)
        const target = state.accounts.find(`orgs/${org}`)
        if (!target) throw notFound()
        return { status: 200, body: { login: target.owner, type: "Organization" } }
      },
    ],
  ]
}
