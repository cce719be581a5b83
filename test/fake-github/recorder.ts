/** A request that reached the server, and what became of it. */
export interface RecordedRequest {
  readonly number: number
  /** By the server's clock, as ISO 8601. */
  readonly at: string
  readonly method: string
  /** As it was sent, with the query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Undefined while it is worked on, and when the connection was dropped. */
  status?: number
}

/** More are not kept. */
const LONGEST = 20_000

/** What clients asked for, the administrator's own requests aside. */
export class Recorder {
  #requests: RecordedRequest[] = []
  #next = 1

  add(request: Omit<RecordedRequest, "number" | "status">): RecordedRequest {
    const recorded = { ...request, number: this.#next++ }
    this.#requests.push(recorded)
    if (this.#requests.length > LONGEST) this.#requests.shift()
    return recorded
  }

  /** @param part of `METHOD /path?query` */
  list(part = ""): readonly RecordedRequest[] {
    return this.#requests.filter(({ method, url }) => `${method} ${url}`.includes(part))
  }

  clear(): void {
    this.#requests = []
  }
}
