import {
  BULK_ADVISORIES,
  parseAdvisories,
  type Advisories,
} from "../../dagger/src/core/vulnerabilities/npm-advisories.js"
import type { VendorAccess } from "../../dagger/src/core/catalog/vendor-access.js"
import { isSuccess, limited, reasonOf } from "../../dagger/src/pipeline/catalog/http-access.js"
import { httpPost } from "../../dagger/src/pipeline/catalog/http-get.js"

const MILLISECONDS = 60_000
/** Bytes; an answer about an image has some kilobytes. */
const LONGEST_ANSWER = 32e6

/** Advisories about packages of npm, and the registry that has them. */
export interface RegistryAnswer {
  registry: string
  advisories: Advisories
}

/**
 * Asks the registry that npm is configured with, as `npm audit` does: it is told all names and versions. Its tokens are not used, since npm
 * does not tell them, and neither a registry's URL that has a password.
 *
 * @throws Error whose message says why there is no answer: many registries have no advisories
 */
export async function askNpmRegistry(
  question: Readonly<Record<string, readonly string[]>>,
  vendors: Pick<VendorAccess, "client">,
): Promise<RegistryAnswer> {
  const given = (await vendors.client("npm", ["config", "get", "registry"])).trim()
  if (!/^https?:\/\//.test(given) || !URL.canParse(given)) throw new Error("npm is configured with no registry's URL")
  const registry = given.replace(/\/*$/, "/")
  const asked = new URL(`${registry}${BULK_ADVISORIES}`)
  const signal = AbortSignal.timeout(MILLISECONDS)
  let response
  try {
    response = await httpPost(asked, JSON.stringify(question), signal)
  } catch (error) {
    throw new Error(`${registry} could not be asked: ${reasonOf(error)}`, { cause: error })
  }
  if (!isSuccess(response)) {
    response.destroy()
    throw new Error(`${registry} has no advisories: it answered ${String(response.statusCode)}`)
  }
  try {
    return { registry, advisories: parseAdvisories((await limited(response, LONGEST_ANSWER)).toString("utf8")) }
  } catch (error) {
    throw new Error(`${registry} cannot be used: ${reasonOf(error)}`, { cause: error })
  }
}
