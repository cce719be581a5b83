import { randomBytes, createPublicKey, type KeyObject } from "node:crypto"
import { z } from "zod"
import type { Target } from "../../accounts.js"
import { camelCased, jsonBody } from "../../json-body.js"
import type { Answer, Request, Route } from "../../message.js"
import { notFound, Refusal } from "../../refusal.js"
import type { Runner } from "../../runners.js"
import type { State } from "../../state.js"
import { addresses } from "../addresses.js"
import { refuseOldVersion } from "../version.js"
import { connectionData, routePath } from "./resources.js"

const AGENT = z.preprocess(
  camelCased,
  z.object({
    name: z.string().min(1).max(64),
    version: z.string(),
    ephemeral: z.boolean().default(false),
    disableUpdate: z.boolean().default(false),
    labels: z.array(z.object({ name: z.string(), type: z.union([z.string(), z.number()]).optional() })),
    authorization: z.object({ publicKey: z.object({ exponent: z.string(), modulus: z.string() }) }),
  }),
)

/** What stands for the one who registers runners of a target, after config.sh's token was accepted. */
export class AdminTokens {
  readonly #targets = new Map<string, Target>()

  create(target: Target): string {
    const token = randomBytes(24).toString("hex")
    this.#targets.set(token, target)
    return token
  }

  /** @throws {Refusal} 401 */
  target(request: Request): Target {
    const [, token = ""] = /^bearer\s+(\S+)$/i.exec(request.headers.authorization ?? "") ?? []
    const target = this.#targets.get(token)
    if (!target) throw new Refusal(401, "Unauthorized")
    return target
  }
}

/** Groups and runners, as servers have them that do not register runners with the API. */
export function poolRoutes(state: State, tokens: AdminTokens): Route[] {
  const agentOf = (request: Request, runner: Runner): object => ({
    id: runner.id,
    name: runner.name,
    version: runner.version,
    ephemeral: runner.ephemeral,
    disableUpdate: runner.updatesDisabled,
    labels: runner.labels.map(({ id, name, type }) => ({ id, name, type: type === "custom" ? "user" : "system" })),
    authorization: { authorizationUrl: addresses(request.origin).token, clientId: runner.clientId },
    properties: { RequireFipsCryptography: { $type: "System.Boolean", $value: true } },
  })
  const add = (request: Request, existing?: Runner): Answer => {
    const target = tokens.target(request)
    const agent = jsonBody(request, AGENT)
    refuseOldVersion(agent.version, state.settings, "registration")
    const fresh = {
      target,
      name: agent.name,
      group: Number(/pools\/(\d+)/.exec(request.path)?.[1]),
      labels: agent.labels.map(({ name, type }) => ({ name, system: type === 0 || /^system$/i.test(String(type)) })),
      version: agent.version,
      ephemeral: agent.ephemeral,
      updatesDisabled: agent.disableUpdate,
      justInTime: false,
      publicKey: keyOf(agent.authorization.publicKey),
    }
    if (!existing && state.runners.findByName(target, agent.name))
      throw new Refusal(409, `TaskAgentExistsException: The runner ${agent.name} exists already.`)
    const runner = existing ? state.runners.replace(existing, fresh) : state.runners.add(fresh)
    state.jobs.changed()
    return { status: 200, body: agentOf(request, runner) }
  }
  const found = (request: Request, id: string | undefined): Runner => {
    const runner = state.runners.find(tokens.target(request), Number(id))
    if (!runner) throw notFound()
    return runner
  }
  return [
    ["GET", "/_services/tenant/_apis/connectionData", () => ({ status: 200, body: connectionData() })],
    [
      "GET",
      routePath("pools", false),
      (request) => {
        const groups = state.accounts.groups(tokens.target(request))
        const value = groups.map(({ id, name }, index) => ({ id, name, isHosted: false, isInternal: index === 0 }))
        return { status: 200, body: { count: value.length, value } }
      },
    ],
    [
      "GET",
      routePath("agents", false),
      (request) => {
        const name = request.query.get("agentName")
        const runners = state.runners.of(tokens.target(request))
        const value = runners
          .filter((runner) => name === null || runner.name.toLowerCase() === name.toLowerCase())
          .map((runner) => agentOf(request, runner))
        return { status: 200, body: { count: value.length, value } }
      },
    ],
    ["POST", routePath("agents", false), (request) => add(request)],
    ["PUT", routePath("agents"), (request, { agentId }) => add(request, found(request, agentId))],
    [
      "DELETE",
      routePath("agents"),
      (request, { agentId }) => {
        const runner = found(request, agentId)
        if (runner.job !== undefined) throw new Refusal(422, `Runner "${runner.name}" is still running a job"`)
        state.runners.remove(runner)
        state.jobs.changed()
        return { status: 204 }
      },
    ],
  ]
}

function keyOf({ modulus, exponent }: { modulus: string; exponent: string }): KeyObject {
  const url = (text: string): string => Buffer.from(text, "base64").toString("base64url")
  return createPublicKey({ format: "jwk", key: { kty: "RSA", n: url(modulus), e: url(exponent) } })
}
