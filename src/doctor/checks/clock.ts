import type { Connection } from "../../../docker/runtime/src/doctor/examination/connection.js"
import type { Examination } from "../examination/examination.js"
import { ok, problem, skipped, warning, type Finding } from "../examination/finding.js"
import { groups } from "./network.js"

const CHECK = "clock"
/** apt refuses Release files of the future, and a new one comes several times a day. */
const TOLERATED_SECONDS = 60
/** Certificates of services may be valid for a day, tokens for an hour. */
const HOPELESS_SECONDS = 3600

/** The clock against those of the servers, which date their answers to the second: the middle one of what they say. */
export async function checkClock(examination: Examination): Promise<Finding> {
  const answers = (await groups(examination)).map(async (group) => {
    const { servers } = await group
    return Promise.all(("none" in servers ? [] : servers).map((server) => examination.ask(server)))
  })
  return clockFinding((await Promise.all(answers)).flat().flatMap((answer) => skewOf(answer) ?? []))
}

/** Seconds that this host's clock is ahead of a server's. */
function skewOf(connection: Connection): number | undefined {
  if (!("answer" in connection)) return undefined
  const { at, headers } = connection.answer
  // A cache keeps the date at which it got an answer.
  const age = Number(headers.age ?? 0)
  const date = Date.parse(String(headers.date)) + (Number.isFinite(age) ? age * 1000 : 0)
  return Number.isNaN(date) ? undefined : Math.round((at.getTime() - date) / 1000)
}

function clockFinding(skews: readonly number[]): Finding {
  const skew = skews.toSorted((a, b) => a - b)[Math.floor(skews.length / 2)]
  if (skew === undefined) return skipped(CHECK, "no server reported the time")
  const seconds = Math.abs(skew)
  const text = `${seconds} s ${skew < 0 ? "behind" : "ahead of"} the servers'`
  if (seconds <= TOLERATED_SECONDS) return ok(CHECK, seconds <= 2 ? "agrees with the servers'" : text)
  const remedy = "sudo timedatectl set-ntp true"
  const why = "package lists seem to be of the future or expired, and certificates not valid"
  return seconds > HOPELESS_SECONDS
    ? problem(CHECK, `${text}: ${why}`, remedy, "NETWORK_FAILED")
    : warning(CHECK, `${text}: ${why}`, remedy)
}
