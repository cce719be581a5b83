import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import type { AddressInfo, Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { BrokerClient } from "../../../docker/runtime/src/broker/client/client.js"
import { connectToBroker } from "../../../docker/runtime/src/broker/protocol/connect.js"
import { Leases } from "../../../docker/runtime/src/broker/server/leases.js"
import { listen } from "../../../docker/runtime/src/broker/server/listen.js"
import type { RegisterRequest } from "../../../docker/runtime/src/broker/protocol/protocol.js"
import { BrokerServer } from "../../../docker/runtime/src/broker/server/server.js"
import type { BrokerEndpoint, TlsIdentity } from "../../../docker/runtime/src/configuration/broker.js"
import type { Configuration } from "../../../docker/runtime/src/configuration/configuration.js"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { configurationFor, keptLog } from "../github/scripted-server.js"
import { accessFor, performed } from "./registrar-for.js"
import type { Grant, RequestedRunner } from "../../../docker/runtime/src/github/registered-runner.js"

/** How soon a runner whose container is gone is removed in tests, in seconds. */
const GRACE = 0.3

export interface BrokerChanges {
  readonly configuration?: Partial<Configuration>
  readonly maxRunners?: number
  readonly graceSeconds?: number
  /** Listens by TLS, as this side. */
  readonly tls?: TlsIdentity
}

/** What a runner of tests asks for. */
export const RUNNER: RequestedRunner = {
  name: "a-runner",
  labels: ["self-hosted", "gpu"],
  ephemeral: true,
  replace: true,
}

export type Granted = Grant & { readonly lease?: string }

/** A broker with a GitHub of its own, in a folder of its own. It can be stopped and started again. */
export class TestBroker {
  readonly log = keptLog()
  readonly folder: string
  server!: BrokerServer
  #listening: Server | undefined
  #port = 0
  readonly #clients: BrokerClient[] = []

  private constructor(
    readonly github: FakeGitHub,
    private readonly changes: BrokerChanges,
  ) {
    this.folder = mkdtempSync(join(tmpdir(), "runner-broker-"))
    // The socket's own mode is to be what keeps others out.
    chmodSync(this.folder, 0o755)
  }

  static async start(changes: BrokerChanges = {}): Promise<TestBroker> {
    const github = await startFakeGitHub()
    github.accounts.addRepository("octo/example")
    github.tokens.addPersonal({ token: "secret-of-the-user" })
    const broker = new TestBroker(github, changes)
    await broker.up()
    return broker
  }

  get socket(): string {
    return join(this.folder, "broker.sock")
  }

  get leases(): string {
    return join(this.folder, "leases.json")
  }

  /** What the leases' file has in it. */
  kept(): { id: number; name: string }[] {
    return (JSON.parse(readFileSync(this.leases, "utf8")) as { leases: { id: number; name: string }[] }).leases
  }

  /** Of the runners' side. */
  endpoint(tls?: TlsIdentity): BrokerEndpoint {
    return tls
      ? { address: { kind: "tls", host: "localhost", port: this.#port }, tls }
      : { address: { kind: "unix", path: this.socket } }
  }

  async up(): Promise<void> {
    const { configuration, maxRunners = 10, graceSeconds = GRACE, tls } = this.changes
    const access = accessFor(
      configurationFor(this.github.api, {
        target: {
          scope: "repository",
          url: `${this.github.url}/octo/example`,
          path: "repos/octo/example",
          owner: "octo",
        },
        ...configuration,
      }),
    )
    this.server = new BrokerServer({
      access,
      settings: { maxRunners, graceSeconds },
      labels: ["self-hosted", "GPU"],
      leases: new Leases(this.leases),
      perform: performed,
      log: this.log,
      look: 50,
    })
    const { server } = this
    this.#listening = await listen(
      tls ? { address: { kind: "tls", host: "127.0.0.1", port: this.#port }, tls } : this.endpoint(),
      (stream, peer) => void server.serve(stream, peer),
    )
    if (tls) this.#port = (this.#listening.address() as AddressInfo).port
  }

  /** As when its container is stopped. */
  async down(): Promise<void> {
    this.#listening?.close()
    await this.server.close()
  }

  async connect(tls?: TlsIdentity): Promise<BrokerClient> {
    const client = new BrokerClient(await connectToBroker(this.endpoint(tls)))
    this.#clients.push(client)
    return client
  }

  /** Registers a runner over a connection. */
  async register(
    client: BrokerClient,
    runner: Partial<RequestedRunner> = {},
    more: Partial<RegisterRequest> = {},
  ): Promise<Granted> {
    const answer = await client.send({
      request: "register",
      configured: false,
      workFolder: "/work",
      runner: { ...RUNNER, ...runner },
      ...more,
    })
    if (!("grant" in answer)) throw new Error("no grant")
    return answer
  }

  /** Names and ids that GitHub lists. */
  listed(): string[] {
    return this.github.runners.list().map(({ name, id }) => `${name} ${String(id)}`)
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close()
    await this.down()
    await this.github.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
