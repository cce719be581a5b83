import { createHash } from "node:crypto"
import { z } from "zod"
import { mirrored, type Mirror } from "../../core/text/mirror.js"
import type { VendorAccess } from "../../core/catalog/vendor-access.js"

/** The time limit for answers of some kilobytes. */
const TEXT_MILLISECONDS = 20_000
/** The time limit for downloads of some hundred megabytes. */
const FILE_MILLISECONDS = 900_000

/** The same limit as curl's in a build, see fetch-upstream.sh. */
const MOST_REDIRECTS = 10

/** A chunk of a response's stream. */
const bytes = z.instanceof(Uint8Array)

/**
 * Access to vendors over HTTP.
 *
 * @param mirror is used in their place
 * @param client runs package managers, if there are any
 */
export function httpAccess(mirror?: Mirror, client: VendorAccess["client"] = withoutClients): VendorAccess {
  // Declared with one type: the engine's client generator would read `authorization?: undefined` as a header without a value.
  const headers: Record<string, string> = mirror?.credentials ? { authorization: basic(mirror.credentials) } : {}
  const get = async (url: string, milliseconds: number) => {
    // Files are mirrored without their query, but these vendors' answers depend on it.
    const asked = mirror ? `${mirrored(url, mirror)}${new URL(url).search}` : url
    let response
    try {
      response = await fetchSafely(asked, headers, AbortSignal.timeout(milliseconds))
    } catch (error) {
      throw new Error(`${asked} could not be fetched: ${reasonOf(error)}`, { cause: error })
    }
    if (!response.ok) throw new Error(`${asked} returned ${String(response.status)}`)
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
        throw new Error(`the download of ${asked} broke off: ${reasonOf(error)}`, { cause: error })
      }
      return hash.digest("hex")
    },
  }
}

/** A redirect that is not followed. */
export class RefusedRedirect extends Error {
  override readonly name = "RefusedRedirect"
}

/**
 * Follows redirects like fetch, but never from https to anything else, and sends credentials only to the first server.
 *
 * @throws RefusedRedirect, and what fetch throws
 */
export async function fetchSafely(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  let at = new URL(url)
  const { origin, protocol } = at
  const { authorization: _, ...harmless } = headers
  for (let followed = 0; followed <= MOST_REDIRECTS; followed++) {
    const response = await fetch(at, {
      headers: at.origin === origin ? { ...headers } : harmless,
      redirect: "manual",
      signal,
    })
    const location = response.headers.get("location")
    if (response.status < 300 || response.status > 399 || location === null) return response
    await response.body?.cancel()
    at = new URL(location, at)
    if (protocol === "https:" && at.protocol !== "https:")
      throw new RefusedRedirect(`it redirects to ${at.origin}, which is not https`)
  }
  throw new RefusedRedirect("it redirects too many times")
}

const withoutClients: VendorAccess["client"] = (program) =>
  Promise.reject(new Error(`${program} is not available here`))

export function basic({ username, password }: NonNullable<Mirror["credentials"]>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`
}

/** fetch's own message is just "fetch failed"; the reason is in its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message
}
