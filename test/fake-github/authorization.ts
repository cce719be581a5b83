import type { Target } from "./accounts.js"
import { reaches } from "./apps.js"
import type { Request } from "./message.js"
import { notFound, Refusal } from "./refusal.js"
import type { State } from "./state.js"
import { type InstallationToken, type PersonalToken, type RunnerToken, SCOPES } from "./tokens.js"

/** The header's scheme in lower case and what follows it. `Basic` is as config.sh --pat uses it: the token is the password. */
export function credentialsOf(request: Pick<Request, "headers">): { scheme: string; token: string } | undefined {
  const [, scheme = "", value = ""] = /^(\w+)\s+(.+)$/.exec(request.headers.authorization ?? "") ?? []
  if (value === "") return undefined
  if (scheme.toLowerCase() !== "basic") return { scheme: scheme.toLowerCase(), token: value.trim() }
  const password = Buffer.from(value, "base64").toString("utf8").split(":").slice(1).join(":")
  return { scheme: "basic", token: password }
}

/**
 * Who asks, by a token for the API.
 *
 * https://docs.github.com/rest/authentication/authenticating-to-the-rest-api
 *
 * @throws {Refusal} 401, or 403 for a job's own token
 */
export function authenticate(request: Request, state: State): PersonalToken | InstallationToken {
  const credentials = credentialsOf(request)
  if (!credentials) throw new Refusal(401, "Requires authentication")
  const token = credentials.scheme === "remoteauth" ? undefined : state.tokens.find(credentials.token)
  if (token?.kind === "job") throw new Refusal(403, "Resource not accessible by integration")
  if (!token || (token.kind !== "personal" && token.kind !== "installation")) throw new Refusal(401, "Bad credentials")
  return token
}

/**
 * The target, if the one who asks may change its runners.
 *
 * https://docs.github.com/rest/actions/self-hosted-runners
 *
 * @throws {Refusal} 401 without a valid token, 404 for what does not exist or may not be seen, 403 for what may not be changed
 */
export function authorize(request: Request, path: string, state: State, access: "read" | "write"): Target {
  const token = authenticate(request, state)
  const target = state.accounts.find(path)
  if (!target) throw notFound(DOCUMENTATION)
  if (token.kind === "personal") personal(token, target)
  else installation(token, target, state, access)
  return target
}

const DOCUMENTATION = "https://docs.github.com/rest/actions/self-hosted-runners"

function personal({ access, scopes }: PersonalToken, target: Target): void {
  if (access && !access.some((path) => path.toLowerCase() === target.path.toLowerCase())) throw notFound(DOCUMENTATION)
  if (scopes.includes(SCOPES[target.scope])) return
  throw new Refusal(
    403,
    target.scope === "repository"
      ? "Must have admin rights to Repository."
      : "Resource not accessible by personal access token",
    DOCUMENTATION,
  )
}

function installation(token: InstallationToken, target: Target, state: State, access: "read" | "write"): void {
  const found = state.apps.installation(token.installation)
  if (!found || found.suspended) throw new Refusal(403, "This installation has been suspended", DOCUMENTATION)
  const permission =
    target.scope === "repository"
      ? found.permissions.administration
      : found.permissions.organization_self_hosted_runners
  const seen =
    target.scope === "repository"
      ? reaches(found, target.path.slice("repos/".length))
      : target.scope === "organization" && target.owner.toLowerCase() === found.account.toLowerCase()
  if (!seen) throw notFound(DOCUMENTATION)
  if (permission === "write" || permission === access) return
  throw new Refusal(403, "Resource not accessible by integration", DOCUMENTATION)
}

/**
 * The target that a token of config.sh is for: a registration or removal token.
 *
 * @throws {Refusal} 404 for an unknown or expired one, as GitHub has it
 */
export function authorizeRunnerToken(request: Request, state: State): RunnerToken {
  const credentials = credentialsOf(request)
  const token = credentials?.scheme === "remoteauth" ? state.tokens.find(credentials.token) : undefined
  if (!token || (token.kind !== "registration" && token.kind !== "remove")) throw notFound()
  return token
}
