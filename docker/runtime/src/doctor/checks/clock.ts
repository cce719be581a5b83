import type { Connection } from "../examination/connection.js"
import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

/** GitHub accepts what an App signs within a minute of its own clock; certificates and caches tolerate more. */
const TOLERATED_SECONDS = 60

/** The clock against the server's, which dates its answers to the second. */
export async function checkClock(examination: Examination): Promise<Finding> {
  return clockFinding(await examination.api())
}

export function clockFinding(api: Connection | undefined): Finding {
  const check = "clock"
  const date = api && "answer" in api ? new Date(String(api.answer.headers.date)) : undefined
  if (!api || !("answer" in api) || !date || Number.isNaN(date.getTime()))
    return { check, status: "skipped", text: "no server reported the time" }
  const skew = Math.round((api.answer.at.getTime() - date.getTime()) / 1000)
  const text = `${Math.abs(skew)} s ${skew < 0 ? "behind" : "ahead of"} the server's`
  if (Math.abs(skew) <= TOLERATED_SECONDS)
    return { check, status: "ok", text: Math.abs(skew) <= 2 ? "agrees with the server's" : text }
  return {
    check,
    status: "warning",
    text: `${text}: GitHub refuses what an App signs with it`,
    remedy: "set the host's clock with NTP; a container uses its host's clock",
  }
}
