import type { Handler, Parameters, Request, Route } from "./message.js"

interface Compiled {
  readonly method: string
  readonly pattern: RegExp
  readonly names: readonly string[]
  readonly handler: Handler
}

/** Finds the handler for a request. */
export class Router {
  readonly #routes: readonly Compiled[]

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map(([method, path, handler]) => {
      const names: string[] = []
      const pattern = path.replace(/\{(\w+)\}/g, (_, name: string) => {
        names.push(name)
        return "([^/]+)"
      })
      return { method, pattern: new RegExp(`^${pattern}/?$`), names, handler }
    })
  }

  find(request: Pick<Request, "method" | "path">): { handler: Handler; parameters: Parameters } | undefined {
    for (const { method, pattern, names, handler } of this.#routes) {
      const match = method === request.method ? pattern.exec(request.path) : null
      if (!match) continue
      const parameters = Object.fromEntries(names.map((name, index) => [name, decode(match[index + 1] ?? "")]))
      return { handler, parameters }
    }
    return undefined
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
