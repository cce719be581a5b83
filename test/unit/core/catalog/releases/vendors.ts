import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { httpAccess } from "../../../../../dagger/src/pipeline/catalog/http-access.js"
import { parseMirror } from "../../../../../dagger/src/core/text/mirror.js"
import { verifiersOf } from "../../../../../src/signatures/verifiers.js"
import type { PinningAccess, VendorAccess } from "../../../../../dagger/src/core/catalog/vendor-access.js"

/** What each path answers: text, bytes, JSON, or a status. */
export type Answers = Record<string, string | Buffer | number | object>

/** Vendors that a real server on this host stands in for, each in a folder by its name, as `--mirror` has it. */
export interface Vendors {
  url: string
  access: PinningAccess
  /** Paths in the order in which they were asked for. */
  asked: string[]
  close(): Promise<void>
}

/** @param answers by host and path: `nodejs.org/dist/index.json`; anything else is 404 */
export async function vendors(
  answers: Answers,
  client?: VendorAccess["client"],
  verifiers: PinningAccess["verifiers"] = nobody,
): Promise<Vendors> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = (request.url ?? "").slice(1)
    asked.push(path)
    const answer = answers[path] ?? 404
    if (typeof answer === "number") response.writeHead(answer).end()
    else if (typeof answer === "string" || Buffer.isBuffer(answer)) response.end(answer)
    else response.end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url, access: { ...httpAccess(parseMirror(url), client), verifiers }, asked, close }
}

/** Trusts no key. */
const nobody = verifiersOf({ openPgp: () => [], npm: {}, sigstore: () => "{}" })

export const A = "a".repeat(64)
export const B = "b".repeat(64)

/** A release as GitHub's API gives it. */
export function githubRelease(
  version: string,
  day: string,
  assets: Record<string, string | null>,
  more: object = {},
): object {
  return {
    tag_name: `v${version}`,
    draft: false,
    prerelease: false,
    published_at: `${day}T10:00:00Z`,
    assets: Object.entries(assets).map(([name, digest]) => ({ name, digest: digest && `sha256:${digest}` })),
    ...more,
  }
}

/** The runner's files. */
export const runnerAssets = (version: string): Record<string, string> => ({
  [`actions-runner-linux-x64-${version}.tar.gz`]: A,
  [`actions-runner-linux-arm64-${version}.tar.gz`]: B,
})

export const RUNNER_RELEASES = "api.github.com/repos/actions/runner/releases?per_page=50"
export const CHROME_VERSIONS =
  "googlechromelabs.github.io/chrome-for-testing/last-known-good-versions-with-downloads.json"

/** Chrome for Testing's answer for one stable version. */
export function chromeVersions(version: string, platforms: readonly string[]): object {
  const downloads = platforms.map((platform) => ({ platform, url: "" }))
  return { channels: { Stable: { version, downloads: { chrome: downloads, chromedriver: downloads } } } }
}
