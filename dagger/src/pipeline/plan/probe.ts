import type { Mirror } from "../../core/text/mirror.js"
import type { Probe } from "../../core/plan/sources.js"

/** A vendor that has not answered within this time counts as unreachable. */
const PROBE_MILLISECONDS = 8_000

/**
 * Requests a URL's headers from here, following redirects. Any answer except success, and no answer, count as unreachable.
 *
 * @param credentials the mirror's, which are sent to no other host
 */
export function probeFromHere(credentials?: Mirror["credentials"]): Probe {
  const basic = credentials && Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")
  const headers: Record<string, string> = basic === undefined ? {} : { authorization: `Basic ${basic}` }
  return async (url) => {
    try {
      const response = await fetch(url, { method: "HEAD", headers, signal: AbortSignal.timeout(PROBE_MILLISECONDS) })
      return response.ok
    } catch {
      return false
    }
  }
}
