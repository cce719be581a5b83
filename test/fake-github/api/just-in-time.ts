import { createPublicKey, type KeyObject } from "node:crypto"
import { z } from "zod"
import { authorize } from "../authorization.js"
import { jsonBody } from "../json-body.js"
import type { Request, Route } from "../message.js"
import { Refusal } from "../refusal.js"
import type { Runner } from "../runners.js"
import { addresses } from "../service/addresses.js"
import type { State } from "../state.js"
import { described } from "./runner-list.js"
import { targetRoutes } from "./target-routes.js"
import { rsaKeyPair } from "../../rsa-key-pair.js"

const DOCUMENTATION =
  "https://docs.github.com/rest/actions/self-hosted-runners#create-configuration-for-a-just-in-time-runner-for-a-repository"

const BODY = z.object({
  name: z.string().min(1).max(64),
  runner_group_id: z.int(),
  labels: z.array(z.string()).min(1).max(100),
  work_folder: z.string().default("_work"),
})

/**
 * A runner that is configured by the server, for one job.
 *
 * https://docs.github.com/rest/actions/self-hosted-runners#create-configuration-for-a-just-in-time-runner-for-a-repository
 * https://docs.github.com/rest/actions/self-hosted-runners#create-configuration-for-a-just-in-time-runner-for-an-organization
 */
export function justInTimeRoutes(state: State): Route[] {
  return targetRoutes("POST", "/actions/runners/generate-jitconfig", (request, path) => {
    const target = authorize(request, path, state, "write")
    const { name, runner_group_id: group, labels, work_folder: workFolder } = jsonBody(request, BODY)
    if (!state.accounts.groups(target).some(({ id }) => id === group))
      throw new Refusal(404, "Not Found", DOCUMENTATION)
    if (state.runners.findByName(target, name))
      throw new Refusal(409, `Already exists - A runner with the name "${name}" already exists.`, DOCUMENTATION)
    const { privateKey } = rsaKeyPair()
    const runner = state.runners.add({
      target,
      name,
      group,
      labels: labels.map((label) => ({ name: label, system: false })),
      version: "",
      ephemeral: true,
      updatesDisabled: false,
      justInTime: true,
      publicKey: createPublicKey(privateKey),
    })
    const poolName = state.accounts.groups(target).find(({ id }) => id === group)?.name ?? "Default"
    const files = configurationFiles(state, { runner, poolName, workFolder, privateKey, request })
    const encoded = Object.entries(files).map(([file, content]) => [file, base64(JSON.stringify(content))])
    return {
      status: 201,
      body: {
        runner: described(runner, state),
        encoded_jit_config: base64(JSON.stringify(Object.fromEntries(encoded))),
      },
    }
  })
}

interface JustInTimeRunner {
  readonly runner: Runner
  readonly poolName: string
  readonly workFolder: string
  readonly privateKey: KeyObject
  readonly request: Request
}

/** What config.sh would have written. */
function configurationFiles(
  { settings }: State,
  { runner, poolName, workFolder, privateKey, request }: JustInTimeRunner,
): Readonly<Record<string, unknown>> {
  const { broker, token, tenant } = addresses(request.origin)
  return {
    ".runner": {
      agentId: runner.id,
      agentName: runner.name,
      poolId: runner.group,
      poolName,
      disableUpdate: runner.updatesDisabled,
      ephemeral: true,
      serverUrl: tenant,
      workFolder,
      ...(settings.useV2Flow && { useV2Flow: true, serverUrlV2: broker }),
    },
    ".credentials": { scheme: "OAuth", data: { clientId: runner.clientId, authorizationUrl: token } },
    ".credentials_rsaparams": rsaParameters(privateKey),
  }
}

/** A private key by the names that the runner's own file has: numbers in base64. */
function rsaParameters(privateKey: KeyObject): Readonly<Record<string, string>> {
  const { n, e, d, p, q, dp, dq, qi } = privateKey.export({ format: "jwk" })
  const named = { modulus: n, exponent: e, d, p, q, dp, dq, inverseQ: qi }
  return Object.fromEntries(
    Object.entries(named).map(([name, value]) => [name, Buffer.from(value ?? "", "base64url").toString("base64")]),
  )
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64")
}
