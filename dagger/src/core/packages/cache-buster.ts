/**
 * The cache key for requests to the package archive: requests with the same key get the same answer.
 *
 * @param refresh every call gets its own key; otherwise all calls of one day share a key
 * @example archiveCacheBuster(false, new Date("2026-11-28T09:15:44Z")) ⇒ "2026-11-28"
 */
export function archiveCacheBuster(refresh: boolean, now = new Date()): string {
  const time = now.toISOString()
  return refresh ? time : time.slice(0, "2000-01-01".length)
}
