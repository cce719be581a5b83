import { authorize } from "../authorization.js"
import type { Route } from "../message.js"
import type { State } from "../state.js"
import { targetRoutes } from "./target-routes.js"

/**
 * Tokens for config.sh, which live an hour.
 *
 * https://docs.github.com/rest/actions/self-hosted-runners#create-a-registration-token-for-a-repository
 * https://docs.github.com/rest/actions/self-hosted-runners#create-a-remove-token-for-a-repository
 * https://docs.github.com/rest/actions/self-hosted-runners#create-a-registration-token-for-an-organization
 * https://docs.github.com/rest/actions/self-hosted-runners#create-a-remove-token-for-an-organization
 * https://docs.github.com/enterprise-cloud@latest/rest/actions/self-hosted-runners#create-a-registration-token-for-an-enterprise
 */
export function runnerTokenRoutes(state: State): Route[] {
  return (["registration", "remove"] as const).flatMap((kind) =>
    targetRoutes("POST", `/actions/runners/${kind}-token`, (request, path) => {
      const target = authorize(request, path, state, "write")
      const { token, expiresAt = 0 } = state.tokens.createForRunner(kind, target)
      return { status: 201, body: { token, expires_at: new Date(expiresAt).toISOString() } }
    }),
  )
}
