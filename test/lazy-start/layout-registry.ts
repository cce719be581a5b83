import { createReadStream } from "node:fs"
import { readFile, stat } from "node:fs/promises"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { blobPath, indexSchema } from "../../dagger/src/core/oci/documents.js"

/** What the registry has sent of one blob. */
export interface Served {
  requests: number
  bytes: number
}

/** The repository and the tag by which the registry has the layout's index. */
const NAME = "image"
const TAG = "latest"

/** A registry that serves one OCI layout, also by ranges, and counts what it sends. Nothing can be pushed. */
export class LayoutRegistry {
  readonly #server: Server
  readonly #served = new Map<string, Served>()

  private constructor(
    private readonly layout: string,
    private readonly root: { digest: string; mediaType: string },
  ) {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error))
    })
  }

  static async start(layout: string): Promise<LayoutRegistry> {
    const [root] = indexSchema
      .omit({ mediaType: true })
      .parse(JSON.parse(await readFile(join(layout, "index.json"), "utf8"))).manifests
    if (!root) throw new Error(`${layout} has no image`)
    const registry = new LayoutRegistry(layout, root)
    await new Promise<void>((resolve) => registry.#server.listen(0, "127.0.0.1", resolve))
    return registry
  }

  /** `127.0.0.1:PORT/image:latest` */
  get reference(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}/${NAME}:${TAG}`
  }

  /** What was sent so far, by digest. */
  get served(): ReadonlyMap<string, Served> {
    return new Map([...this.#served].map(([digest, served]) => [digest, { ...served }]))
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, kind, name = ""] = /^\/v2\/image\/(manifests|blobs)\/([^/?]+)/.exec(request.url ?? "") ?? []
    if (kind === undefined) return void response.writeHead(request.url === "/v2/" ? 200 : 404).end()
    const digest = name === TAG ? this.root.digest : name
    const path = join(this.layout, blobPath(digest))
    const size = await stat(path).then(
      ({ size }) => size,
      () => undefined,
    )
    if (size === undefined || !/^sha256:[0-9a-f]{64}$/.test(digest)) return void response.writeHead(404).end()
    const type = kind === "blobs" ? "application/octet-stream" : await mediaTypeOf(path)
    const range = rangeOf(request.headers.range, size)
    if (range === undefined) return void response.writeHead(400).end()
    const { status, start, end } = range
    const length = end - start + 1
    response.writeHead(status, {
      "content-type": type,
      "content-length": length,
      "docker-content-digest": digest,
      ...(status === 206 ? { "content-range": `bytes ${start}-${end}/${size}` } : {}),
    })
    if (request.method === "HEAD") return void response.end()
    const { requests, bytes } = this.#served.get(digest) ?? { requests: 0, bytes: 0 }
    this.#served.set(digest, { requests: requests + 1, bytes: bytes + length })
    await pipeline(createReadStream(path, { start, end }), response)
  }
}

async function mediaTypeOf(path: string): Promise<string> {
  const { mediaType } = JSON.parse(await readFile(path, "utf8")) as { mediaType: string }
  return mediaType
}

/** The bytes that are asked for; undefined for several ranges, which many registries do not serve either. */
function rangeOf(header: string | undefined, size: number): { status: number; start: number; end: number } | undefined {
  if (header === undefined) return { status: 200, start: 0, end: size - 1 }
  const [, start, end] = /^bytes=(\d+)-(\d*)$/.exec(header) ?? []
  if (start === undefined) return undefined
  return { status: 206, start: Number(start), end: end === "" ? size - 1 : Math.min(Number(end), size - 1) }
}
