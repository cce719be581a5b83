import { request as plainRequest, type IncomingMessage } from "node:http"
import { request as secureRequest } from "node:https"

/** GitHub's API refuses requests that do not say who asks. */
const USER_AGENT = "runner-images"

/**
 * Asks a server, and follows no redirect. Not with `fetch`, which refuses ports that browsers refuse, such as 5060 and 10080: the same server
 * answers to the programs that download in a build.
 *
 * @throws the signal's reason, or what Node.js says of the connection
 */
export function httpGet(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return send(url, headers, signal)
}

/** As {@link httpGet}, for a question in JSON that needs more room than a URL has. */
export function httpPost(url: URL, json: string, signal: AbortSignal): Promise<IncomingMessage> {
  return send(url, { "content-type": "application/json" }, signal, json)
}

function send(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  body?: string,
): Promise<IncomingMessage> {
  const request = url.protocol === "https:" ? secureRequest : plainRequest
  const method = body === undefined ? "GET" : "POST"
  return new Promise((resolve, reject) => {
    request(url, { method, headers: { accept: "*/*", "user-agent": USER_AGENT, ...headers }, signal }, resolve)
      .on("error", (error) => {
        reject(signal.aborted ? (signal.reason as Error) : error)
      })
      .end(body)
  })
}
