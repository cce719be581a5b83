import { connect } from "../examination/connection.js"
import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"
import { proxyFor } from "../examination/proxy.js"

/**
 * What a runner of github.com needs besides the API, and firewalls often do not allow:
 * https://github.com/actions/runner/blob/main/docs/checks/actions.md
 */
const SERVICES = [
  "https://github.com/",
  "https://codeload.github.com/",
  "https://pipelines.actions.githubusercontent.com/_apis/health",
  "https://results-receiver.actions.githubusercontent.com/health",
]

/** Whether the other services of github.com answer; nothing for other servers, whose services are at their own host. */
export async function checkServices(examination: Examination): Promise<Finding[]> {
  const api = await examination.api()
  // Without a network the server's finding is enough.
  if (api?.url.hostname !== "api.github.com" || "failed" in api) return []
  const { environment } = examination
  const tried = await Promise.all(
    SERVICES.map((address) => new URL(address)).map((url) => connect(url, { proxy: proxyFor(url, environment) })),
  )
  const failed = tried.flatMap((one) => ("failed" in one ? [`${one.url.hostname} (${one.failed}: ${one.reason})`] : []))
  const check = "services"
  if (failed.length === 0) return [{ check, status: "ok", text: "the services that jobs need besides the API answer" }]
  return [
    {
      check,
      status: "problem",
      text: `no answer from ${failed.join(", ")}`,
      remedy: "allow github.com, codeload.github.com and *.actions.githubusercontent.com over HTTPS",
      code: "NETWORK",
    },
  ]
}
