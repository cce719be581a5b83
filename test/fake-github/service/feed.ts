import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { WebSocketServer } from "ws"
import { z } from "zod"
import { camelCased } from "../json-body.js"
import type { State } from "../state.js"
import type { JobTokens } from "./job-tokens.js"

const PATH = /^\/_services\/feed\//

const LINES = z.preprocess(camelCased, z.object({ value: z.array(z.string()) }))

/**
 * The live view of logs: runners send lines over a WebSocket while a job is done. The whole log, which comes in the end, takes their place.
 *
 * https://github.com/actions/runner, `JobServer.cs`
 */
export class Feed {
  readonly #state: State
  readonly #tokens: JobTokens
  readonly #server = new WebSocketServer({ noServer: true })

  constructor(state: State, tokens: JobTokens) {
    this.#state = state
    this.#tokens = tokens
  }

  /** Takes over a connection, or closes it. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { authorization = "" } = request.headers
    try {
      if (!PATH.test(request.url ?? "")) throw new Error("nothing listens there")
      const { job } = this.#tokens.job({ headers: { authorization } })
      this.#server.handleUpgrade(request, socket, head, (connection) => {
        connection.on("message", (data: Buffer) => {
          const { value } = LINES.parse(JSON.parse(data.toString("utf8")))
          if (job.logSent) return
          job.log += value.map((line) => `${line}\n`).join("")
          this.#state.jobs.changed()
        })
        connection.on("error", () => connection.terminate())
      })
    } catch {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n")
    }
  }

  /** Ends all connections. */
  close(): void {
    for (const connection of this.#server.clients) connection.terminate()
  }
}
