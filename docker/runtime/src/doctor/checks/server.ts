import type { Connection, Stage } from "../examination/connection.js"
import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

const REMEDIES: Readonly<Record<Stage, string>> = {
  DNS: "check the name, and the name server in the container's /etc/resolv.conf (docker run --dns)",
  TCP: "let the container's network reach that port, or set HTTPS_PROXY",
  proxy: "check HTTPS_PROXY with its user and password, and what the proxy allows",
  TLS: "add the server's or the proxy's certificate authority with EXTRA_CA_CERTS, and check the clock",
  HTTP: "check that GITHUB_HOST is a GitHub server, and what is between it and the container",
}

/** Whether the API answers, whatever it answers: DNS, TCP, proxy, TLS and HTTP, one after another. */
export async function checkServer(examination: Examination): Promise<Finding> {
  const connection = await examination.api()
  if (!connection)
    return { check: "server", status: "skipped", text: "the configuration does not say which server it is" }
  return serverFinding(connection)
}

export function serverFinding(connection: Connection): Finding {
  const { url, proxy } = connection
  const check = "server"
  const where = `${url.origin}${proxy ? ` through the proxy ${proxy.host}` : ""}`
  if ("failed" in connection)
    return {
      check,
      status: "problem",
      text: `${where}: ${connection.failed} failed: ${connection.reason}`,
      remedy: REMEDIES[connection.failed],
      code: "NETWORK",
    }
  const { status } = connection.answer
  if (status < 500 && status !== 407) return { check, status: "ok", text: `${where} answers` }
  return {
    check,
    status: "problem",
    text: `${where} answers ${status}`,
    remedy:
      status === 407 ? REMEDIES.proxy : "try again later; https://www.githubstatus.com lists GitHub's own incidents",
    code: "NETWORK",
  }
}
