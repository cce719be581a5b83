/**
 * What makes a question to the package archive a new one: everything that asks it within the same moment gets the same answer.
 *
 * @param refresh every call is a moment of its own; else a day is
 * @example archiveCacheBuster(false, new Date("2026-11-28T09:15:44Z")) ⇒ "2026-11-28"
 */
export function archiveCacheBuster(refresh: boolean, now = new Date()): string {
  const time = now.toISOString()
  return refresh ? time : time.slice(0, "2000-01-01".length)
}
