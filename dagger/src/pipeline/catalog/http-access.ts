import { createHash } from "node:crypto"
import { z } from "zod"
import { mirrored, type Mirror } from "../../core/text/mirror.js"
import type { VendorAccess } from "../../core/catalog/vendor-access.js"

/** An answer of some kilobytes that has not come within this time will not come. */
const TEXT_MILLISECONDS = 20_000
/** For downloads of some hundred megabytes. */
const FILE_MILLISECONDS = 900_000

/** As many as curl follows for a build, see download.ts. */
const MOST_REDIRECTS = 10

/** What a stream of an answer is made of. */
const bytes = z.instanceof(Uint8Array)

/**
 * Asks vendors by HTTP.
 *
 * @param mirror is asked in their place
 * @param client runs package managers, where there are any
 */
export function httpAccess(mirror?: Mirror, client: VendorAccess["client"] = withoutClients): VendorAccess {
  // Of one type: what the engine generates its clients with reads `authorization?: undefined` as a header without a value.
  const headers: Record<string, string> = mirror?.credentials ? { authorization: basic(mirror.credentials) } : {}
  const get = async (url: string, milliseconds: number) => {
    // Files are mirrored without their query; what these vendors answer depends on it.
    const asked = mirror ? `${mirrored(url, mirror)}${new URL(url).search}` : url
    let response
    try {
      response = await fetchSafely(asked, headers, AbortSignal.timeout(milliseconds))
    } catch (error) {
      throw new Error(`${asked} does not answer: ${reasonOf(error)}`, { cause: error })
    }
    if (!response.ok) throw new Error(`${asked} answers ${String(response.status)}`)
    return { asked, response }
  }
  return {
    client,
    text: async (url) => (await get(url, TEXT_MILLISECONDS)).response.text(),
    sha256: async (url) => {
      const { asked, response } = await get(url, FILE_MILLISECONDS)
      const hash = createHash("sha256")
      try {
        for await (const chunk of response.body ?? []) hash.update(bytes.parse(chunk))
      } catch (error) {
        throw new Error(`${asked} broke off: ${reasonOf(error)}`, { cause: error })
      }
      return hash.digest("hex")
    },
  }
}

/** Follows redirects as fetch does, but never from https to anything else, and sends headers to the first server alone. */
async function fetchSafely(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  let at = new URL(url)
  const { origin, protocol } = at
  for (let followed = 0; followed <= MOST_REDIRECTS; followed++) {
    const response = await fetch(at, { headers: at.origin === origin ? headers : {}, redirect: "manual", signal })
    const location = response.headers.get("location")
    if (response.status < 300 || response.status > 399 || location === null) return response
    await response.body?.cancel()
    at = new URL(location, at)
    if (protocol === "https:" && at.protocol !== "https:") throw new Error(`it redirects to ${at.origin}, out of https`)
  }
  throw new Error("it redirects too often")
}

const withoutClients: VendorAccess["client"] = (program) => Promise.reject(new Error(`${program} is not asked here`))

function basic({ username, password }: NonNullable<Mirror["credentials"]>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`
}

/** What fetch says is "fetch failed"; why is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message
}
