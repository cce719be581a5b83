import { createHash } from "node:crypto"
import { z } from "zod"

/** How vendors are asked what they have. Every method rejects with an Error whose message says what went wrong. */
export interface VendorAccess {
  /** The text at a vendor's URL. */
  text(url: string): Promise<string>
  /** The SHA-256 of the file at a vendor's URL, which is downloaded and not kept. */
  sha256(url: string): Promise<string>
  /** What a package manager prints: with it, its configured registry is asked. */
  client(program: "npm" | "go", words: readonly string[]): Promise<string>
}

/** An answer of some kilobytes that has not come within this time will not come. */
const TEXT_MILLISECONDS = 20_000
/** For downloads of some hundred megabytes. */
const FILE_MILLISECONDS = 900_000

/** What a stream of an answer is made of. */
const bytes = z.instanceof(Uint8Array)

/**
 * Asks vendors by HTTP.
 *
 * @param mirror a URL below which there is a folder for each vendor's host, with the vendor's own paths:
 *   `https://mirror.example/vendors` ⇒ `https://mirror.example/vendors/nodejs.org/dist/index.json`
 * @param client runs package managers, where there are any
 */
export function httpAccess(mirror?: string, client: VendorAccess["client"] = withoutClients): VendorAccess {
  const get = async (url: string, milliseconds: number) => {
    const asked = mirrored(url, mirror)
    let response
    try {
      response = await fetch(asked, { signal: AbortSignal.timeout(milliseconds) })
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

const withoutClients: VendorAccess["client"] = (program) => Promise.reject(new Error(`${program} is not asked here`))

/** `mirrored("https://go.dev/dl/?mode=json", "http://127.0.0.1:80/")` ⇒ `"http://127.0.0.1:80/go.dev/dl/?mode=json"` */
export function mirrored(url: string, mirror: string | undefined): string {
  return mirror === undefined ? url : `${mirror.replace(/\/+$/, "")}/${url.replace(/^https:\/\//, "")}`
}

/** What fetch says is "fetch failed"; why is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message
}
