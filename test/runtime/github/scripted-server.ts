import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { Configuration } from "../../../docker/runtime/src/configuration/configuration.js"
import { configurationWith } from "../doctor/configurations.js"
import { RuntimeFailure } from "../../../docker/runtime/src/failure.js"
import type { ClientLimits, ClientOptions } from "../../../docker/runtime/src/github/client.js"

/** What a server answers one request with. `drop` closes the connection without a word, `silence` never answers. */
export type Answer =
  { readonly status: number; readonly headers?: Record<string, string>; readonly body?: unknown } | "drop" | "silence"

export interface ScriptedServer {
  /** `http://127.0.0.1:12345` */
  readonly url: string
  readonly port: number
  /** `POST /orgs/octo/actions/runners/remove-token`, in order. */
  readonly requests: string[]
  readonly headers: IncomingMessage["headers"][]
  close(): Promise<void>
}

/** A real server whose answers are written down: in order, the last one for ever, or by request. */
export async function scriptedServer(
  script: readonly Answer[] | ((request: string, headers: IncomingMessage["headers"]) => Answer),
  port = 0,
): Promise<ScriptedServer> {
  const requests: string[] = []
  const headers: IncomingMessage["headers"][] = []
  const server = createServer((request, response) => {
    const line = `${String(request.method)} ${String(request.url)}`
    requests.push(line)
    headers.push(request.headers)
    const answer =
      typeof script === "function"
        ? script(line, request.headers)
        : script[Math.min(requests.length, script.length) - 1]
    give(answer ?? { status: 500 }, response)
  })
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
  const address = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    port: address.port,
    requests,
    headers,
    close: () => close(server),
  }
}

function give(answer: Answer, response: ServerResponse): void {
  if (answer === "drop") return void response.destroy()
  if (answer === "silence") return
  const { status, headers, body } = answer
  response.writeHead(status, headers)
  response.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body))
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

/** A port of this machine that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = await scriptedServer([])
  await server.close()
  return server.port
}

export type KeptLog = ClientOptions["log"] & { readonly lines: string[]; readonly hidden: string[] }

/** A log that keeps its lines. */
export function keptLog(): KeptLog {
  const lines: string[] = []
  const hidden: string[] = []
  return {
    lines,
    hidden,
    info: (line: string) => void lines.push(`info: ${line}`),
    warn: (line: string) => void lines.push(`warning: ${line}`),
    error: (line: string) => void lines.push(`error: ${line}`),
    hide: (secret: string) => void hidden.push(secret),
  }
}

/** Limits by which a test is over soon, in the proportions of the real ones. */
export const QUICK: ClientLimits = {
  request: 1000,
  window: 1500,
  unknownHost: 300,
  rateLimit: 9000,
  delay: 10,
  longestDelay: 150,
  finish: 500,
}

/** What was thrown, as the user sees it. The port is another one each time. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) return `no RuntimeFailure: ${String(error)}`
    return `${error.code}: ${error.message} | ${error.remedy}`.replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
  }
  return "nothing was thrown"
}

/** A configuration for a repository, with a personal token. */
export function configurationFor(api: string, changes: Partial<Configuration> = {}): Configuration {
  return configurationWith({
    api,
    authentication: { kind: "token", token: "secret-of-the-user" },
    name: "a-runner",
    labels: ["self-hosted", "linux"],
    workFolder: "_work",
    ...changes,
  })
}
