import { RunnerImagesError } from "../errors.js"
import { serverOf, type Server } from "../text/server.js"
import { snapshotsOf, type BaseName } from "../variants/bases.js"
import type { Lock } from "./lock.js"
import { newestDate } from "./releases.js"

/** The word for the base distribution's own service. */
export const DISTRIBUTION = "distribution"

/** Where the packages of a lock come from that the archive no longer has: the archive as it was then. */
export interface Snapshot extends Server {
  /** `20260131T235959Z`: the archive at each of these times has packages of the lock. */
  times: readonly string[]
  /** URL of an archive in apt's sources → its name in the service. */
  archives: Readonly<Record<string, string>>
}

/**
 * Hours after the date of the lock's Release files. A service stores an archive some time after it was published; a day later, packages may
 * have been replaced again.
 */
const HOURS = [0, 6, 12, 24]
const MILLISECONDS = 3_600_000

/**
 * Parses the service that packages of a lock are taken from.
 *
 * @param given {@link DISTRIBUTION}, or the URL of a service like the distribution's
 * @throws RunnerImagesError SNAPSHOT_INVALID without a lock that names Release files, or when it is not an http or https URL
 */
export function parseSnapshot(given: string, base: BaseName, lock: Lock | undefined, now = new Date()): Snapshot {
  if (!lock)
    throw invalid("--snapshot has no meaning without --lock.", "Add --lock with the report.json of an earlier build.")
  if (!lock.releases)
    throw invalid(
      "The lock does not name the archive's Release files, so its time is unknown.",
      "Leave --snapshot out.",
    )
  const service = snapshotsOf(base)
  const url = given === DISTRIBUTION ? new URL(service.url) : parseUrl(given)
  const first = Date.parse(newestDate(lock.releases))
  const times = HOURS.map((hours) => first + hours * MILLISECONDS).filter(
    (time, place) => place === 0 || time <= now.getTime(),
  )
  return {
    ...serverOf(url),
    times: times.map((time) => new Date(time).toISOString().replaceAll(/[-:]|\.\d+/g, "")),
    archives: service.archives,
  }
}

/**
 * What replaces the URLs in apt's sources, for each of the snapshot's times.
 *
 * @param origin scheme, host and port, if the service is reached by others than its own
 * @example snapshotSources(snapshot) ⇒ "1 http://deb.debian.org/debian http://snapshot.debian.org/archive/debian/20260131T235959Z\n…"
 */
export function snapshotSources({ url, times, archives }: Snapshot, origin = new URL(url).origin): string {
  const service = `${origin}${new URL(url).pathname.replace(/\/$/, "")}`
  const lines = times.flatMap((time, place) =>
    Object.entries(archives).map(([archive, name]) => `${String(place + 1)} ${archive} ${service}/${name}/${time}\n`),
  )
  return lines.join("")
}

function parseUrl(given: string): URL {
  const remedy = `Give ${DISTRIBUTION}, or a URL as in https://snapshot.example.com/archive.`
  if (!URL.canParse(given)) throw invalid("The value of --snapshot is not a URL.", remedy)
  const url = new URL(given)
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw invalid("The value of --snapshot does not use http or https.", remedy)
  if (url.username !== "" || url.password !== "" || /[?#]/.test(given))
    throw invalid("The URL of --snapshot has credentials, a query or a fragment, which apt cannot use.", remedy)
  return url
}

/**
 * Refuses a service on the loopback interface that is not passed to the engine.
 *
 * @throws RunnerImagesError SNAPSHOT_INVALID
 */
export function requireSnapshotReachable(snapshot: Snapshot | undefined, service: boolean): void {
  if (!snapshot?.loopback || service) return
  throw invalid(
    `The snapshot service ${snapshot.url} is on this machine's loopback interface, which the engine cannot reach.`,
    `Pass it to the engine: --snapshot-service tcp://${snapshot.host}:${String(snapshot.port)}.`,
  )
}

function invalid(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("SNAPSHOT_INVALID", problem, remedy)
}
