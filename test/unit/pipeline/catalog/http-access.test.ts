import { execa } from "execa"
import { readFileSync } from "node:fs"
import { createServer, type Server } from "node:https"
import { createServer as createPlain } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { onTestFinished, describe, expect, it } from "vitest"
import { parseMirror } from "../../../../dagger/src/core/text/mirror.js"
import { httpAccess, reasonOf } from "../../../../dagger/src/pipeline/catalog/http-access.js"
import { probeFromHere } from "../../../../dagger/src/pipeline/plan/probe.js"
import { ROOT } from "../../cli/command-line.js"
import { serverFetchRefuses } from "../../refused-port.js"
import { temporaryFolder } from "../../temporary-folder.js"

/** A mirror with TLS, and one without; each path redirects as its name says. */
async function servers() {
  const folder = temporaryFolder("runner-images-tls")
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")]
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
  await execa("openssl", [...made, "-keyout", key, "-out", certificate, ...name])
  const seen: string[] = []
  let plainPort = 0
  const secure: Server = createServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (request, response) => {
      const { port } = secure.address() as AddressInfo
      const path = request.url ?? ""
      seen.push(
        `${request.headers.host ?? ""}${path} ${request.headers.authorization === undefined ? "without" : "with"}`,
      )
      const to: Record<string, string> = {
        "/a.test/plain": `http://127.0.0.1:${String(plainPort)}/back`,
        "/a.test/other": `https://localhost:${String(port)}/answer`,
        "/a.test/relative": "/answer",
        "/a.test/circle": "/a.test/circle",
      }
      if (to[path] === undefined) response.end("secure")
      else response.writeHead(302, { location: to[path] }).end()
    },
  )
  // A lie that ends where it began.
  const plain = createPlain((_, response) => {
    seen.push("plain")
    response
      .writeHead(302, { location: `https://127.0.0.1:${String((secure.address() as AddressInfo).port)}/answer` })
      .end()
  })
  for (const server of [secure, plain]) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
  }
  plainPort = (plain.address() as AddressInfo).port
  const { port } = secure.address() as AddressInfo
  const get = async (path: string): Promise<string> => {
    const script = `import { httpAccess } from "./dagger/src/pipeline/catalog/http-access.ts"
      import { parseMirror } from "./dagger/src/core/text/mirror.ts"
      const access = httpAccess(parseMirror("https://user:secret@127.0.0.1:${String(port)}"))
      await access.text("https://a.test/${path}").then((text) => console.log(text), (error) => console.log("failed:", error.message))`
    // A process of its own, which is told of the certificate when it starts.
    const { stdout } = await execa("node", ["--import", "tsx", "--input-type=module", "-e", script], {
      cwd: ROOT,
      env: { NODE_EXTRA_CA_CERTS: certificate },
    })
    return stdout.replaceAll(/127\.0\.0\.1:\d+/g, "<mirror>")
  }
  return { get, seen, port }
}

describe("vendors' redirects", () => {
  it("never lead out of https, not even to come back", async () => {
    const { get, seen } = await servers()
    expect(await get("plain")).toBe(
      "failed: https://<mirror>/a.test/plain could not be fetched: it redirects to http://<mirror>, which is not https",
    )
    expect(seen).not.toContain("plain")
  })

  it("are followed, and take user and password to no other server", async () => {
    const { get, seen, port } = await servers()
    expect(await get("relative")).toBe("secure")
    expect(await get("other")).toBe("secure")
    expect(seen.map((line) => line.replaceAll(String(port), "PORT"))).toEqual([
      "127.0.0.1:PORT/a.test/relative with",
      "127.0.0.1:PORT/answer with",
      "127.0.0.1:PORT/a.test/other with",
      "localhost:PORT/answer without",
    ])
  })

  it("end", async () => {
    const { get } = await servers()
    expect(await get("circle")).toMatch(/: it redirects too many times$/)
  })
})

describe("a mirror", () => {
  const DIGEST_OF_A = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"

  it("may have a port to which browsers do not connect, and is told who asks", async () => {
    const agents = new Set<string | undefined>()
    const port = await serverFetchRefuses((request, response) => {
      agents.add(request.headers["user-agent"])
      response.end("a")
    })
    const url = `http://127.0.0.1:${String(port)}`
    const access = httpAccess(parseMirror(url))
    expect(await access.text("https://a.test/file")).toBe("a")
    expect(await access.sha256("https://a.test/file")).toBe(DIGEST_OF_A)
    expect(await probeFromHere()([`${url}/a.test/file`])).toEqual([undefined])
    expect([...agents]).toEqual(["runner-images"])
  })

  it("that ends in the middle of a file, or does not have it, is named", async () => {
    const port = await serverFetchRefuses((request, response) => {
      if (request.url === "/a.test/missing") return void response.writeHead(404).end("no")
      response.writeHead(200, { "content-length": 100 })
      response.write("a", () => response.destroy())
    })
    const url = `http://127.0.0.1:${String(port)}`
    const access = httpAccess(parseMirror(url))
    const failures = await Promise.allSettled([access.text("https://a.test/b"), access.sha256("https://a.test/b")])
    for (const failure of failures)
      expect(failure).toMatchObject({ reason: { message: `the download of ${url}/a.test/b broke off: aborted` } })
    await expect(access.text("https://a.test/missing")).rejects.toThrow(`${url}/a.test/missing returned 404`)
  })
})

it("the reason is that of the first address, where a host has several", () => {
  const first = new Error("connect ECONNREFUSED ::1:9")
  expect(reasonOf(new AggregateError([first, new Error("connect ECONNREFUSED 127.0.0.1:9")]))).toBe(first.message)
  expect(reasonOf(first)).toBe(first.message)
})
