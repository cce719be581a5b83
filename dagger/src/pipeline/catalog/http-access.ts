import { createHash } from "node:crypto"
import type { IncomingMessage } from "node:http"
import { text } from "node:stream/consumers"
import { z } from "zod"
import { mirrored, type Mirror } from "../../core/text/mirror.js"
import type { VendorAccess } from "../../core/catalog/vendor-access.js"
import { httpGet } from "./http-get.js"

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
  const get = getter(mirror)
  return {
    client,
    text: async (url) => {
      const { asked, response } = await get(url, TEXT_MILLISECONDS)
      return complete(asked, () => text(response))
    },
    textIfAny: async (url) => {
      try {
        const { asked, response } = await get(url, TEXT_MILLISECONDS)
        return await complete(asked, () => text(response))
      } catch (error) {
        if (error instanceof NotThere) return undefined
        throw error
      }
    },
    sha256: async (url) => {
      const { asked, response } = await get(url, FILE_MILLISECONDS)
      const hash = createHash("sha256")
      await complete(asked, async () => {
        for await (const chunk of response) hash.update(bytes.parse(chunk))
      })
      return hash.digest("hex")
    },
  }
}

/**
 * Downloads files of some megabytes over HTTP.
 *
 * @param mirror is used in the server's place
 * @returns a function that fails if a file is longer than it may be
 */
export function httpFiles(mirror?: Mirror): (url: string, mostBytes: number) => Promise<Buffer> {
  const get = getter(mirror)
  return async (url, mostBytes) => {
    const { asked, response } = await get(url, FILE_MILLISECONDS)
    return complete(asked, () => limited(response, mostBytes))
  }
}

/** @throws Error when there is more than that */
export async function limited(response: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response) {
    const part = bytes.parse(chunk)
    length += part.length
    if (length > mostBytes) throw new Error(`it has more than ${String(mostBytes)} bytes`)
    chunks.push(part)
  }
  return Buffer.concat(chunks)
}

function getter(mirror: Mirror | undefined) {
  // Declared with one type: the engine's client generator would read `authorization?: undefined` as a header without a value.
  const headers: Record<string, string> = mirror?.credentials ? { authorization: basic(mirror.credentials) } : {}
  return async (url: string, milliseconds: number) => {
    // Files are mirrored without their query, but these vendors' answers depend on it.
    const asked = mirror ? `${mirrored(url, mirror)}${new URL(url).search}` : url
    let response
    try {
      response = await getSafely(asked, headers, AbortSignal.timeout(milliseconds))
    } catch (error) {
      throw new Error(`${asked} could not be fetched: ${reasonOf(error)}`, { cause: error })
    }
    if (isSuccess(response)) return { asked, response }
    response.destroy()
    const status = response.statusCode ?? 0
    throw new (status === 404 || status === 410 ? NotThere : Error)(`${asked} returned ${String(status)}`)
  }
}

class NotThere extends Error {
  override readonly name = "NotThere"
}

async function complete<Content>(asked: string, read: () => Promise<Content>): Promise<Content> {
  try {
    return await read()
  } catch (error) {
    throw new Error(`the download of ${asked} broke off: ${reasonOf(error)}`, { cause: error })
  }
}

export function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode <= 299
}

/** A redirect that is not followed. */
export class RefusedRedirect extends Error {
  override readonly name = "RefusedRedirect"
}

/**
 * Follows redirects, but never from https to anything else, and sends credentials only to the first server.
 *
 * @returns an answer that has yet to be read, or destroyed
 * @throws RefusedRedirect, and what {@link httpGet} throws
 */
export async function getSafely(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let at = new URL(url)
  const { origin, protocol } = at
  const { authorization: _, ...harmless } = headers
  for (let followed = 0; followed <= MOST_REDIRECTS; followed++) {
    const response = await httpGet(at, at.origin === origin ? headers : harmless, signal)
    const { statusCode = 0 } = response
    const { location } = response.headers
    if (statusCode < 300 || statusCode > 399 || location === undefined) return response
    response.destroy()
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

/** Where all addresses of a host failed, the reason is in each of them. */
export function reasonOf(error: unknown): string {
  const [first = error] = error instanceof AggregateError ? (error.errors as unknown[]) : []
  return first instanceof Error ? first.message || first.name : String(first)
}
