import * as z from "zod"
import { RuntimeFailure } from "../../failure.js"
import { permissionFor } from "../../github/permission.js"
import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

const CHECK = "credentials"

const skipped = (text: string): Finding => ({ check: CHECK, status: "skipped", text })

/** Credentials that cannot be tried without using them up. */
const UNTRIED = {
  "registration-token": "a registration token can only be tried by registering; it is valid for one hour",
  jit: "a just-in-time configuration can only be tried by running it, once",
  broker: "the broker has them; this container reaches it at BROKER_URL",
  none: "there are none",
} as const

/**
 * Whether GitHub accepts the credentials, without registering: they have to list the target's runners, which takes the same permission
 * as registering, except that a fine-grained token may allow only reading.
 */
export async function checkCredentials(examination: Examination): Promise<Finding> {
  const { configuration } = examination
  if (!configuration) return skipped("the configuration is not valid")
  const { authentication, target } = configuration
  if (authentication.kind !== "token" && authentication.kind !== "app") return skipped(UNTRIED[authentication.kind])
  const github = await examination.github()
  if (!target || !github) return skipped("the server cannot be reached")
  try {
    await github.client.request({
      method: "GET",
      path: `${target.path}/actions/runners?per_page=1`,
      authorization: await github.credential(),
      answer: z.unknown(),
      what: `the list of runners of ${target.path}`,
      permission: permissionFor(target, authentication),
    })
    const who = authentication.kind === "app" ? "the App" : "the token"
    return { check: CHECK, status: "ok", text: `${who} can list the runners of ${target.path}` }
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) throw error
    return { check: CHECK, status: "problem", text: error.message, remedy: error.remedy, code: error.code }
  }
}
