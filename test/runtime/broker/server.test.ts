import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { createInterface } from "node:readline"
import { afterEach, beforeAll, describe, expect, it } from "vitest"
import { connectToBroker } from "../../../docker/runtime/src/broker/protocol/connect.js"
import { RemoteRegistrar } from "../../../docker/runtime/src/broker/client/remote-registrar.js"
import { listen } from "../../../docker/runtime/src/broker/server/listen.js"
import type { TlsIdentity } from "../../../docker/runtime/src/configuration/broker.js"
import { type Certificate, makeCertificate } from "../../fake-github/certificate.js"
import { failureOf } from "../github/scripted-server.js"
import { until } from "../runner/runner-folder.js"
import { type BrokerChanges, RUNNER, TestBroker } from "./broker-for.js"

const ROOT = process.getuid?.() === 0

let broker: TestBroker | undefined
afterEach(async () => {
  await broker?.close()
  broker = undefined
})

async function start(changes: BrokerChanges = {}): Promise<TestBroker> {
  return (broker = await TestBroker.start(changes))
}

const REMOVE = { request: "remove" } as const

describe("a broker", () => {
  it("registers a runner for one job, and removes it when that is asked for", async () => {
    const own = await start()
    const client = await own.connect()
    const { lease, ...grant } = await own.register(client)
    expect([grant.grant, lease]).toEqual(["jit", expect.stringMatching(/^[0-9a-f]{64}$/)])
    expect(await own.register(client, {}, { configured: true })).toEqual({ grant: "done" })
    expect(own.listed()).toEqual(["a-runner 1"])
    expect(own.server.runners).toBe(1)
    expect(await client.send(REMOVE)).toEqual({ removal: "removed" })
    expect([own.listed(), own.kept(), own.server.runners]).toEqual([[], [], 0])
  })

  it("gives a runner that stays a token and what it is for, and knows it once it is configured", async () => {
    const own = await start()
    const client = await own.connect()
    const grant = await own.register(client, { ephemeral: false })
    expect(grant).toEqual({
      grant: "token",
      token: expect.any(String) as unknown,
      target: { url: `${own.github.url}/octo/example`, givenToken: false },
    })
    await made(own, "a-runner")
    const done = await own.register(client, { ephemeral: false }, { configured: true })
    expect(done).toEqual({ grant: "done", lease: expect.any(String) as unknown })
    expect(own.kept()).toMatchObject([{ id: 1, name: "a-runner" }])
    expect(await failureOf(own.register(client, { ephemeral: false }))).toContain("is registered already")
  })

  it("keeps no secret in its file, which is its own user's alone", async () => {
    const own = await start()
    const { lease = "", ...grant } = await own.register(await own.connect())
    const text = readFileSync(own.leases, "utf8")
    expect(JSON.parse(text)).toEqual({
      leases: [{ id: 1, name: "a-runner", digest: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown }],
    })
    for (const secret of [lease, "secret-of-the-user", "configuration" in grant ? grant.configuration : "?"])
      expect(text).not.toContain(secret)
    expect(statSync(own.leases).mode & 0o777).toBe(0o600)
    expect(own.log.lines.join("\n")).not.toContain(lease)
  })
})

/** As config.sh would. */
async function made({ github }: TestBroker, name: string): Promise<number> {
  const answer = await fetch(`${github.api}/repos/octo/example/actions/runners/generate-jitconfig`, {
    method: "POST",
    headers: { authorization: "Bearer secret-of-the-user" },
    body: JSON.stringify({ name, runner_group_id: 1, labels: ["self-hosted"] }),
  })
  return ((await answer.json()) as { runner: { id: number } }).runner.id
}

describe("a runner's container gets no further than its own runner", () => {
  it("labels are those that the broker allows", async () => {
    const own = await start()
    const client = await own.connect()
    expect(await failureOf(own.register(client, { labels: ["self-hosted", "production"] }))).toMatchInlineSnapshot(
      `"CONFIGURATION: the broker does not allow the label production | Add it to the broker's RUNNER_LABELS."`,
    )
    expect(own.listed()).toEqual([])
    // In any case.
    expect(await own.register(client, { labels: ["Self-Hosted", "gpu"] })).toMatchObject({ grant: "jit" })
  })

  it("a broker for one job each registers no runner that stays", async () => {
    const own = await start({ configuration: { ephemeral: true } })
    expect(await failureOf(own.register(await own.connect(), { ephemeral: false }))).toMatchInlineSnapshot(
      `"CONFIGURATION: the broker registers only runners for one job | Set RUNNER_EPHEMERAL=true for the runner too, or unset it for the broker."`,
    )
  })

  it("one that does not say which it is, is told", async () => {
    const own = await start()
    const client = await own.connect()
    const asked = client.send({ request: "register", configured: false, workFolder: "/work" })
    expect(await failureOf(asked)).toMatchInlineSnapshot(
      `"REGISTRATION: the broker refused: the request does not name a runner | The broker's own log says more."`,
    )
  })

  it("no further runner, by no other name", async () => {
    const own = await start()
    const client = await own.connect()
    await own.register(client)
    expect(await failureOf(own.register(client, { name: "another" }))).toMatchInlineSnapshot(
      `"REGISTRATION: the broker refused: the connection is for a-runner and cannot register another | The broker's own log says more."`,
    )
    expect(own.listed()).toEqual(["a-runner 1"])
  })

  it("no second connection of a name that is connected, in whichever case it is written", async () => {
    const own = await start()
    await own.register(await own.connect())
    expect(await failureOf(own.register(await own.connect(), { name: "A-Runner" }))).toMatchInlineSnapshot(
      `"REGISTRATION: the broker refused: a runner named A-Runner is already connected | The broker's own log says more."`,
    )
    expect(own.listed()).toEqual(["a-runner 1"])
  })

  it("removes nothing that it did not register", async () => {
    const own = await start()
    await made(own, "another")
    expect(await (await own.connect()).send(REMOVE)).toEqual({ removal: "absent" })
    expect(own.listed()).toEqual(["another 1"])
  })

  it("a connection that breaks off before config.sh was through takes nothing of another's away", async () => {
    const own = await start()
    const id = await made(own, "a-runner")
    const runner = own.github.runners.list().find((one) => one.id === id)
    if (runner) own.github.runners.openSession(runner, "another machine")
    const client = await own.connect()
    await own.register(client, { ephemeral: false })
    client.close()
    await own.register(await own.connect(), { name: "meanwhile" })
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(own.listed()).toContain("a-runner 1")
  })

  it("there are so many runners and no more", async () => {
    const own = await start({ maxRunners: 2 })
    for (const name of ["one", "two"]) await own.register(await own.connect(), { name })
    expect(await failureOf(own.register(await own.connect(), { name: "three" }))).toMatchInlineSnapshot(
      `"REGISTRATION: the broker refused: it has 2 runners, and BROKER_MAX_RUNNERS allows no more | The broker's own log says more."`,
    )
    expect(own.listed()).toEqual(["one 1", "two 2"])
  })
})

describe("a connection that breaks", () => {
  it("is gone on with by the lease", async () => {
    const own = await start({ graceSeconds: 60 })
    const first = await own.connect()
    const { lease } = await own.register(first)
    const second = await own.connect()
    // Also while the first one has not noticed yet.
    expect(await own.register(second, {}, { configured: true, lease: lease ?? "" })).toEqual({ grant: "done" })
    await first.ended
    expect(own.server.runners).toBe(1)
    expect(await second.send(REMOVE)).toEqual({ removal: "removed" })
    expect(own.listed()).toEqual([])
  })

  it("is not gone on with by another one's lease, or none", async () => {
    const own = await start({ graceSeconds: 60 })
    const { lease = "" } = await own.register(await own.connect(), { name: "one" })
    for (const [name, secret] of [
      ["another", lease],
      ["one", "0".repeat(64)],
    ] as const)
      expect(await failureOf(own.register(await own.connect(), { name }, { configured: true, lease: secret }))).toBe(
        `REGISTRATION: the broker refused: ${name} was removed in the meantime: its container was gone for too long | The broker's own log says more.`,
      )
    expect(own.server.runners).toBe(1)
  })

  it("also when the broker itself was started again, which knows its runners by its file", async () => {
    const own = await start({ graceSeconds: 60 })
    const { lease = "" } = await own.register(await own.connect())
    await own.down()
    await own.up()
    const client = await own.connect()
    expect(await own.register(client, {}, { configured: true, lease })).toEqual({ grant: "done" })
    expect(await client.send(REMOVE)).toEqual({ removal: "removed" })
  })

  it("a file that is damaged counts as none", async () => {
    const own = await start()
    await own.down()
    writeFileSync(own.leases, '{"leases": [{"id": "1"}]}')
    await own.up()
    expect(await own.register(await own.connect())).toMatchObject({ grant: "jit" })
  })
})

describe("runners whose container is gone", () => {
  it("are removed when GitHub lists them as offline", async () => {
    const own = await start()
    const gone = await own.connect()
    await own.register(gone, { name: "gone" })
    await own.register(await own.connect(), { name: "there" })
    gone.close()
    await until(() => own.listed().length === 1)
    expect(own.listed()).toEqual(["there 2"])
    await until(() => own.kept().length === 1)
    expect(own.log.lines.at(-1)).toBe("info: gone (id 1): its container is gone, and on GitHub's list it is removed")
  })

  it("stay while they are online, or have a job", async () => {
    const own = await start()
    const gone = await own.connect()
    await own.register(gone)
    const [runner] = own.github.runners.list()
    if (!runner) throw new Error("no runner")
    own.github.runners.openSession(runner, "the runner")
    gone.close()
    await until(() => own.log.lines.some((line) => line.endsWith("on GitHub's list it is online")))
    expect(own.listed()).toEqual(["a-runner 1"])
    runner.job = 7
    await until(() => own.log.lines.some((line) => line.endsWith("on GitHub's list it is busy")))
    runner.job = undefined
    runner.session = undefined
    await until(() => own.listed().length === 0)
  })

  it("are removed by a broker that was started again, and not before its grace", async () => {
    const own = await start({ graceSeconds: 1 })
    const gone = await own.connect()
    await own.register(gone)
    await own.down()
    await own.up()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(own.listed()).toEqual(["a-runner 1"])
    await until(() => own.listed().length === 0)
  })

  it("are looked at again when GitHub could not be asked", async () => {
    const own = await start()
    const gone = await own.connect()
    await own.register(gone)
    own.github.tokens.revoke({ token: "secret-of-the-user" })
    gone.close()
    await until(() => own.log.lines.some((line) => line.includes("could not be removed")))
    own.github.tokens.addPersonal({ token: "secret-of-the-user" })
    await until(() => own.listed().length === 0)
  })

  it("that come back while others are looked at stay", async () => {
    const own = await start({ graceSeconds: 1 })
    const [slow, back] = [await own.connect(), await own.connect()]
    await own.register(slow, { name: "slow" })
    const { lease = "" } = await own.register(back, { name: "back" })
    slow.close()
    back.close()
    await Promise.all([slow.ended, back.ended])
    own.github.faults.add({ path: "*/actions/runners/1", delay: 1000 })
    await until(() => own.github.faults.pending().length === 0)
    await own.register(await own.connect(), { name: "back" }, { configured: true, lease })
    await until(() => !own.listed().includes("slow 1"))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(own.listed()).toEqual(["back 2"])
  })
})

describe("what others send", () => {
  it("no request ends the connection, and the others are served", async () => {
    const own = await start()
    const client = await own.connect()
    for (const text of ["GET / HTTP/1.1\r\n\r\n", "null\n", '{"id":1,"request":"list"}\n', "x".repeat(100_000)]) {
      const socket = connect(own.socket)
      socket.on("error", () => undefined)
      socket.write(text)
      await new Promise((resolve) => socket.once("close", resolve))
    }
    expect(await own.register(client)).toMatchObject({ grant: "jit" })
  })

  it("10,000 requests over one connection are not answered, and another runner is served", async () => {
    const own = await start()
    const other = await own.connect()
    const socket = connect(own.socket)
    socket.on("error", () => undefined)
    let answers = 0
    createInterface({ input: socket })
      .on("line", () => answers++)
      .on("error", () => undefined)
    const before = process.memoryUsage().heapUsed
    const lines = Array.from({ length: 10_000 }, (_, id) => `${JSON.stringify({ id, ...REMOVE })}\n`)
    socket.write(lines.join(""))
    await new Promise((resolve) => socket.once("close", resolve))
    expect(answers).toBeLessThanOrEqual(40)
    expect(own.log.lines.length).toBeLessThan(100)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024)
    expect(await own.register(other)).toMatchObject({ grant: "jit" })
  })

  it("1,000 connections are not kept, and another runner is served", async () => {
    const own = await start({ maxRunners: 5 })
    const other = await own.connect()
    const before = process.memoryUsage().heapUsed
    let closed = 0
    const sockets = Array.from({ length: 1000 }, () => connect(own.socket))
    for (const socket of sockets) socket.on("error", () => undefined).on("close", () => closed++)
    await until(() => closed >= 1000 - 25)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024)
    expect(await own.register(other)).toMatchObject({ grant: "jit" })
    for (const socket of sockets) socket.destroy()
  })
})

describe("its socket", () => {
  it("is its user's alone", async () => {
    const own = await start()
    expect(statSync(own.socket).mode & 0o777).toBe(0o600)
  })

  it.skipIf(!ROOT)("is closed to other users by the kernel, at the connect", async () => {
    const own = await start()
    const script = `require("node:net").connect(process.argv[1])
      .on("connect", () => { console.log("connected"); process.exit() })
      .on("error", ({ code }) => console.log(code))`
    const as = (uid: number): string =>
      spawnSync(
        "setpriv",
        [
          `--reuid=${String(uid)}`,
          `--regid=${String(uid)}`,
          "--clear-groups",
          process.execPath,
          "-e",
          script,
          own.socket,
        ],
        { encoding: "utf8" },
      ).stdout.trim()
    expect([as(1001), as(0)]).toEqual(["EACCES", "connected"])
  })

  it("that a killed broker left is taken over", async () => {
    const own = await start()
    await own.down()
    const left = spawnSync("python3", ["-c", `import socket; socket.socket(socket.AF_UNIX).bind("${own.socket}")`])
    expect([left.status, existsSync(own.socket)]).toEqual([0, true])
    await own.up()
    expect(await own.register(await own.connect())).toMatchObject({ grant: "jit" })
  })

  it("is not taken from another broker, nor is a file", async () => {
    const own = await start()
    const told = async (): Promise<string> =>
      (await failureOf(listen(own.endpoint(), () => undefined))).replace(own.folder, "")
    expect(await told()).toMatchInlineSnapshot(
      `"CONFIGURATION: the broker cannot listen on unix:///broker.sock: another broker listens there | Set another BROKER_LISTEN."`,
    )
    expect(await own.register(await own.connect())).toMatchObject({ grant: "jit" })
    await own.down()
    writeFileSync(own.socket, "precious")
    expect(await told()).toMatchInlineSnapshot(
      `"CONFIGURATION: the broker cannot listen on unix:///broker.sock: something other than a socket is there | Set another BROKER_LISTEN."`,
    )
    expect(readFileSync(own.socket, "utf8")).toBe("precious")
  })

  it("needs its folder", async () => {
    const own = await start()
    const address = { kind: "unix", path: `${own.folder}/missing/broker.sock` } as const
    expect((await failureOf(listen({ address }, () => undefined))).replace(own.folder, "")).toMatchInlineSnapshot(
      `"CONFIGURATION: the broker cannot listen on unix:///missing/broker.sock: EACCES | Mount a volume at its folder that the user runner-agent can write to, and start the broker as that user, or as root (it drops its privileges)."`,
    )
  })
})

describe("by TLS", () => {
  let [server, client, stranger]: Certificate[] = []
  beforeAll(async () => {
    ;[server, client, stranger] = await Promise.all([makeCertificate(), makeCertificate(), makeCertificate()])
  })
  const side = (own: Certificate | undefined, ...others: (Certificate | undefined)[]): TlsIdentity => ({
    ca: others.map((other) => other?.cert ?? "").join("\n"),
    certificate: own?.cert ?? "",
    key: own?.key ?? "",
  })

  it("both sides show certificates", async () => {
    const own = await start({ tls: side(server, client) })
    const connection = await own.connect(side(client, server))
    expect(await own.register(connection)).toMatchObject({ grant: "jit" })
    expect(own.log.lines.find((line) => line.includes("register a-runner"))).toMatch(
      /^info: (::ffff:)?127\.0\.0\.1 \(fake-github\) #1: register a-runner$/,
    )
  })

  it("a runner with none, or one of another authority, gets nothing", async () => {
    const own = await start({ tls: side(server, client) })
    const connection = await own.connect(side(stranger, server))
    expect(await failureOf(own.register(connection))).toContain("the broker, which holds the credential, is gone")
    const remote = new RemoteRegistrar(own.endpoint(side(stranger, server)), RUNNER, own.log)
    const told = await failureOf(remote.register({ configured: false, workFolder: "/work" }))
    expect(told.replace(/localhost:\d+/, "localhost:PORT")).toMatchInlineSnapshot(
      `"TOKEN_INVALID: the broker at tls://localhost:PORT closes the connection without an answer | Check BROKER_CERT_FILE here and BROKER_CA_FILE of the broker, whose log may say more."`,
    )
    const { connect: connectTls } = await import("node:tls")
    const { address } = own.endpoint(side(client, server))
    if (address.kind !== "tls") throw new Error("no TLS")
    const bare = connectTls({ host: address.host, port: address.port, ca: server?.cert ?? "" })
    let received = ""
    bare.on("error", () => undefined).on("data", (chunk: Buffer) => (received += chunk.toString()))
    bare.write(
      `${JSON.stringify({ id: 1, request: "register", configured: false, workFolder: "/work", runner: RUNNER })}\n`,
    )
    await new Promise((resolve) => bare.once("close", resolve))
    expect([received, own.listed(), own.log.lines]).toEqual(["", [], []])
  })

  it("a runner believes no other broker", async () => {
    const own = await start({ tls: side(server, client) })
    expect(
      (await failureOf(connectToBroker(own.endpoint(side(client, stranger))))).replace(
        /localhost:\d+/,
        "localhost:PORT",
      ),
    ).toMatchInlineSnapshot(
      `"TOKEN_INVALID: the broker at tls://localhost:PORT and this container do not accept each other's certificates: self-signed certificate | Check BROKER_CA_FILE on both sides, and the names in the broker's certificate."`,
    )
  })

  it("what is no certificate is told before anything is opened", async () => {
    const own = await start()
    const tls = { ...side(server, client), key: side(client).key }
    const address = { kind: "tls", host: "127.0.0.1", port: 0 } as const
    expect(await failureOf(listen({ address, tls }, () => undefined))).toMatchInlineSnapshot(
      `"CONFIGURATION: BROKER_CA_FILE, BROKER_CERT_FILE and BROKER_KEY do not fit together: error:05800074:x509 certificate routines::key values mismatch | Give all three in PEM format, with the key that belongs to the certificate."`,
    )
    expect(own.listed()).toEqual([])
  })

  it("nobody speaks without it", async () => {
    const own = await start({ tls: side(server, client) })
    const { address } = own.endpoint(side(client, server))
    if (address.kind !== "tls") throw new Error("no TLS")
    const plain = connect(address.port, "127.0.0.1")
    plain.on("error", () => undefined)
    plain.write(`${JSON.stringify({ id: 1, ...REMOVE })}\n`)
    await new Promise((resolve) => plain.once("close", resolve))
    expect(own.log.lines).toEqual([])
    expect(await own.register(await own.connect(side(client, server)))).toMatchObject({ grant: "jit" })
  })
})
