import { createPublicKey, type KeyObject } from "node:crypto"
import { z } from "zod"
import { authorizeRunnerToken } from "../authorization.js"
import { jsonBody } from "../json-body.js"
import type { Route } from "../message.js"
import { notFound, Refusal } from "../refusal.js"
import type { State } from "../state.js"
import { addresses } from "./addresses.js"
import type { AdminTokens } from "./pipelines/pool-routes.js"
import { refuseOldVersion } from "./version.js"

const FIRST_STEP = z.object({ url: z.string(), runner_event: z.string() })

/** A label as the runner sends it. */
const LABEL = z.object({ name: z.string(), type: z.union([z.string(), z.number()]).optional() })

const REGISTRATION = z.object({
  url: z.string(),
  group_id: z.int(),
  name: z.string().min(1).max(64),
  version: z.string(),
  updates_disabled: z.boolean().default(false),
  ephemeral: z.boolean().default(false),
  labels: z.array(LABEL),
  public_key: z.string(),
  runner_id: z.int().optional(),
  replace: z.boolean().default(false),
})

/**
 * What config.sh asks for, with its token after the word RemoteAuth. No document has it; this follows what the runner itself does, in
 * src/Runner.Common/RunnerDotcomServer.cs of https://github.com/actions/runner. Groups, the list and removal are the API's.
 */
export function registrationRoutes(state: State, adminTokens: AdminTokens): Route[] {
  return [
    [
      "POST",
      "/actions/runner-registration",
      (request) => {
        const token = authorizeRunnerToken(request, state)
        const { url } = jsonBody(request, FIRST_STEP)
        if (state.accounts.findByUrl(url) !== token.target) throw notFound()
        return {
          status: 200,
          body: {
            url: addresses(request.origin).tenant,
            token_schema: "OAuthAccessToken",
            token: adminTokens.create(token.target),
            use_v2_flow: state.settings.useV2Flow,
          },
        }
      },
    ],
    [
      "POST",
      "/actions/runners/register",
      (request) => {
        const { target } = authorizeRunnerToken(request, state)
        const body = jsonBody(request, REGISTRATION)
        if (state.accounts.findByUrl(body.url) !== target) throw notFound()
        if (!state.accounts.groups(target).some(({ id }) => id === body.group_id)) throw notFound()
        refuseOldVersion(body.version, state.settings, "registration")
        const fresh = {
          target,
          name: body.name,
          group: body.group_id,
          labels: body.labels.map(({ name, type }) => ({ name, system: isSystem(type) })),
          version: body.version,
          ephemeral: body.ephemeral,
          updatesDisabled: body.updates_disabled,
          justInTime: false,
          publicKey: publicKeyOf(body.public_key),
        }
        const named = state.runners.findByName(target, body.name)
        if (named && !body.replace)
          throw new Refusal(409, `Already exists - A runner with the name "${body.name}" already exists.`)
        const runner = named ? state.runners.replace(named, fresh) : state.runners.add(fresh)
        const { token, broker } = addresses(request.origin)
        state.jobs.changed()
        return {
          status: 201,
          body: {
            id: runner.id,
            name: runner.name,
            authorization: { authorization_url: token, server_url: broker, client_id: runner.clientId },
          },
        }
      },
    ],
  ]
}

/** A number or a word, by how the runner writes such values. */
function isSystem(type: string | number | undefined): boolean {
  return type === 0 || String(type).toLowerCase() === "system"
}

/** From `<RSAKeyValue><Modulus>…</Modulus><Exponent>…</Exponent></RSAKeyValue>`. */
function publicKeyOf(xml: string): KeyObject {
  const part = (name: string): string => {
    const value = new RegExp(`<${name}>\\s*([^<]+?)\\s*</${name}>`).exec(xml)?.[1] ?? ""
    return Buffer.from(value, "base64").toString("base64url")
  }
  try {
    return createPublicKey({ format: "jwk", key: { kty: "RSA", n: part("Modulus"), e: part("Exponent") } })
  } catch {
    throw new Refusal(422, "Invalid request.\n\npublic_key: no RSA key")
  }
}
