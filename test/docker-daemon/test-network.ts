import { execa } from "execa"
import { mkdirSync, writeFileSync } from "node:fs"
import { connect, createServer, type Server } from "node:net"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { makeCertificate, type Certificate } from "../fake-github/certificate.js"
import { FakeGitHub } from "../fake-github/fake-github.js"
import { ROOT } from "../e2e/entry-points.js"
import { SHORT_WAITS } from "../lifecycle/test-environment.js"
import type { DockerDaemon } from "./docker-daemon.js"

const GATEWAY = fileURLToPath(new URL("gateway.ts", import.meta.url))

/** Names that lead to the fake GitHub in every container, which so need not be told of another server. */
const NAMES = ["github.com", "api.github.com", "ghes.example"]

/** A proxy's name, as examples have it: port 3128. */
const PROXY = "myproxy"

const CA = "/test/github.pem"

/** A GitHub of one test's own, which its containers know as github.com. */
export interface TestGitHub {
  readonly github: FakeGitHub
  /** What the test environment adds to a service of a compose file: nothing that says what the runner is, or for what. */
  readonly service: {
    readonly extra_hosts: readonly string[]
    readonly environment: Readonly<Record<string, string>>
    readonly volumes: readonly string[]
  }
  /** What the proxy was asked for: `api.github.com:443`. */
  proxied(): readonly string[]
  close(): Promise<void>
}

function startGateway(pid: number, sockets: string) {
  const words = ["--net", "--target", String(pid), process.execPath, "--import", "tsx", GATEWAY, sockets]
  return execa("nsenter", words, { cwd: ROOT, reject: false, lines: true, stdin: "ignore" } as const)
}

/** What connects the daemon's containers to servers of this process. */
export class TestNetwork {
  readonly #daemon: DockerDaemon
  readonly #certificate: Certificate
  readonly #gateway: ReturnType<typeof startGateway>
  readonly #sockets: string
  readonly #asked: string[] = []

  private constructor(daemon: DockerDaemon, certificate: Certificate) {
    this.#daemon = daemon
    this.#certificate = certificate
    this.#sockets = join(daemon.folder, "servers")
    mkdirSync(this.#sockets)
    writeFileSync(this.#ca, certificate.cert, { mode: 0o644 })
    this.#gateway = startGateway(daemon.pid, this.#sockets)
  }

  get #ca(): string {
    return join(this.#daemon.folder, "github.pem")
  }

  static async start(daemon: DockerDaemon): Promise<TestNetwork> {
    const network = new TestNetwork(daemon, await makeCertificate(NAMES))
    await new Promise<void>((resolve, reject) => {
      void (async () => {
        for await (const line of network.#gateway) {
          if (line === "ready") resolve()
          network.#asked.push(line)
        }
        const { stderr } = await network.#gateway
        reject(new Error(`the gateway ended: ${stderr.join("\n")}`))
      })()
    })
    return network
  }

  async github(): Promise<TestGitHub> {
    const github = new FakeGitHub({ certificate: this.#certificate })
    await github.up()
    const address = this.#daemon.address()
    const gateway = await gatewayTo(github.port, join(this.#sockets, address))
    return {
      github,
      service: {
        extra_hosts: [...NAMES, PROXY].map((name) => `${name}:${address}`),
        environment: { EXTRA_CA_CERTS: CA, ...SHORT_WAITS },
        volumes: [`${this.#ca}:${CA}:ro`],
      },
      proxied: () =>
        this.#asked.flatMap((line) => (line.startsWith(`${address} `) ? [line.slice(address.length + 1)] : [])),
      close: async () => {
        await github.close()
        await new Promise((resolve) => gateway.close(resolve))
      },
    }
  }

  async close(): Promise<void> {
    this.#gateway.kill()
    await this.#gateway
  }
}

/** Leads a socket's connections to a port of this machine, which the daemon's machine does not see. */
async function gatewayTo(port: number, path: string): Promise<Server> {
  const server = createServer((client) => {
    const onward = connect(port, "127.0.0.1")
    client.pipe(onward).pipe(client)
    client.on("error", () => undefined).on("close", () => onward.destroy())
    onward.on("error", () => undefined).on("close", () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return server
}
