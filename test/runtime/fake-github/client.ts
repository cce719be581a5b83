import type { FakeGitHub } from "../../fake-github/fake-github.js"

export interface Response {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

/** Asks the fake as a client of GitHub's API does. */
export async function ask(
  github: FakeGitHub,
  method: string,
  path: string,
  {
    authorization,
    json,
    headers = {},
  }: { authorization?: string; json?: unknown; headers?: Record<string, string> } = {},
): Promise<Response> {
  const response = await fetch(github.api + path, {
    method,
    headers: { ...headers, ...(authorization !== undefined && { authorization }) },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) }
}

/** The administrator's requests, by HTTP as other programs make them. */
export async function administrate(github: FakeGitHub, method: string, path: string, json?: unknown): Promise<unknown> {
  const response = await fetch(`${github.url}/_fake${path}`, {
    method,
    ...(json !== undefined && { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${String(response.status)} ${text}`)
  return text === "" ? undefined : JSON.parse(text)
}
