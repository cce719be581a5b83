/** A request as the routes see it. */
export interface Request {
  readonly method: string
  /** Without `/api/v3`, which is how GitHub Enterprise Server's addresses begin: `/repos/octo/example`. */
  readonly path: string
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** How the client reached the server: `https://127.0.0.1:8443`. */
  readonly origin: string
  /** Where the API begins for this client: `https://127.0.0.1:8443/api/v3`, or without the path. */
  readonly api: string
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  /** Sent as JSON, a string and bytes as they are. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** What a path's parameters were: `{ owner: "octo", repo: "example" }`. */
export type Parameters = Readonly<Record<string, string>>

export type Handler = (request: Request, parameters: Parameters) => Answer | Promise<Answer>

/** `["POST", "/orgs/:org/actions/runners/registration-token", handler]` */
export type Route = readonly [method: string, path: string, handler: Handler]
