import { dag, type Service } from "@dagger.io/dagger"
import type { EngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"

/** A registry of the distribution's own packages, in the engine. With credentials it wants them for everything. */
export function registryService(
  { container }: EngineHost,
  credentials?: { username: string; password: string },
): Service {
  const config = `
version: 0.1
storage:
  filesystem:
    rootdirectory: /var/lib/registry
http:
  addr: :5000
${credentials ? "auth:\n  htpasswd:\n    realm: test\n    path: /etc/registry.htpasswd" : ""}`
  const installed = container
    .withEnvVariable("DEBIAN_FRONTEND", "noninteractive")
    .withExec([
      "sh",
      "-c",
      "apt-get update -qq && apt-get install -y -qq --no-install-recommends docker-registry apache2-utils >/dev/null",
    ])
    .withNewFile("/etc/registry.yml", config)
  const users = credentials
    ? installed.withExec(["htpasswd", "-Bbc", "/etc/registry.htpasswd", credentials.username, credentials.password])
    : installed
  return users.withExposedPort(5000).asService({ args: ["docker-registry", "serve", "/etc/registry.yml"] })
}

/** How a registry between the client and the real one misbehaves. */
export type Fault =
  /** Gives another manifest for a tag than the one that was put there. */
  | "another-manifest"
  /** Knows a manifest only when it is asked for the second time. */
  | "slow-to-know"
  /** Takes blobs, and no manifests. */
  | "no-manifests"
  /** Takes no manifest under the tag latest-act. */
  | "no-latest"
  /** Takes that one, and never answers. */
  | "silent-latest"

/** The program of a registry that hands everything on to another one, but for one fault. */
const PROXY = String.raw`
const http = require("node:http")
const fault = process.env.FAULT
const asked = new Map()
http.createServer((request, response) => {
  const manifest = /\/manifests\/(.+)$/.exec(request.url)?.[1]
  const reading = manifest && request.method === "GET"
  const count = (asked.get(request.url) ?? 0) + 1
  if (reading) asked.set(request.url, count)
  const refuse = (status, code) => {
    request.resume()
    response.writeHead(status, { "content-type": "application/json" })
    response.end(JSON.stringify({ errors: [{ code, message: code.toLowerCase().replace("_", " ") }] }))
  }
  if (fault === "slow-to-know" && reading && count === 1) return refuse(404, "MANIFEST_UNKNOWN")
  if (fault === "no-manifests" && manifest && request.method === "PUT") return refuse(400, "MANIFEST_INVALID")
  const latest = manifest === "latest-act" && request.method === "PUT"
  if (fault === "no-latest" && latest) return refuse(400, "MANIFEST_INVALID")
  if (fault === "silent-latest" && latest) return request.resume()
  const options = { host: "behind", port: 5000, path: request.url, method: request.method, headers: request.headers }
  const onward = http.request(options, (answer) => {
    if (!(fault === "another-manifest" && reading && !manifest.startsWith("sha256:"))) {
      response.writeHead(answer.statusCode, answer.headers)
      return answer.pipe(response)
    }
    const parts = []
    answer.on("data", (part) => parts.push(part))
    answer.on("end", () => {
      const { "docker-content-digest": _digest, etag: _etag, ...headers } = answer.headers
      const body = Buffer.concat([...parts, Buffer.from("\n")])
      response.writeHead(answer.statusCode, { ...headers, "content-length": body.length })
      response.end(body)
    })
  })
  onward.on("error", (error) => response.destroy(error))
  request.pipe(onward)
}).listen(5000)
`

/** A registry with a fault, in front of one without. */
export function faultyRegistry({ toolbox }: EngineHost, fault: Fault, behind: Service): Service {
  return toolbox
    .withMountedFile("/proxy.cjs", dag.directory().withNewFile("proxy.cjs", PROXY).file("proxy.cjs"))
    .withEnvVariable("FAULT", fault)
    .withServiceBinding("behind", behind)
    .withExposedPort(5000)
    .asService({ args: ["node", "/proxy.cjs"] })
}
