import { afterEach, expect, it } from "vitest"
import { RemoteRegistrar } from "../../../docker/runtime/src/broker/client/remote-registrar.js"
import { failureOf, keptLog } from "../github/scripted-server.js"
import { until } from "../runner/runner-folder.js"
import { type BrokerChanges, RUNNER, TestBroker } from "./broker-for.js"

let broker: TestBroker | undefined
let registrar: RemoteRegistrar | undefined
afterEach(async () => {
  registrar?.close()
  await broker?.close()
  broker = undefined
})

const ask = { configured: false, workFolder: "/work" }
const tell = { configured: true, workFolder: "/work" }

async function start(changes: BrokerChanges = {}, window = 5000) {
  const own = (broker = await TestBroker.start({ graceSeconds: 60, ...changes }))
  const log = keptLog()
  const remote = (registrar = new RemoteRegistrar(own.endpoint(), RUNNER, log, {
    window,
    delay: 50,
    longestDelay: 200,
  }))
  return { own, remote, log }
}

it("registers and removes over a broker", async () => {
  const { own, remote } = await start()
  expect(await remote.remove()).toBe("absent")
  expect(await remote.register(ask)).toMatchObject({ grant: "jit" })
  expect(await remote.register(tell)).toEqual({ grant: "done" })
  expect(own.listed()).toEqual(["a-runner 1"])
  expect(await remote.remove()).toBe("removed")
  expect([own.listed(), own.kept()]).toEqual([[], []])
})

it("hands no lease on", async () => {
  const { remote } = await start()
  expect(Object.keys(await remote.register(ask))).toEqual(["grant", "configuration"])
})

it("goes on with its runner when the broker was started again", async () => {
  const { own, remote, log } = await start()
  await remote.register(ask)
  await remote.register(tell)
  await own.down()
  await until(() => log.lines.some((line) => line.includes("trying again")))
  await own.up()
  await until(() => own.server.runners === 1)
  expect(log.lines[0]?.replace(own.folder, "")).toBe(
    "warning: the connection to the broker unix:///broker.sock was lost",
  )
  await until(() => log.lines.at(-1) === "info: the connection to the broker is restored")
  expect(await remote.remove()).toBe("removed")
  expect(own.listed()).toEqual([])
})

it("is removed also when the connection broke just before, and nothing else was asked since", async () => {
  const { own, remote } = await start()
  await remote.register(ask)
  await remote.register(tell)
  await own.down()
  const removal = remote.remove()
  await own.up()
  expect(await removal).toBe("removed")
  expect(own.listed()).toEqual([])
})

it("is removed also before it is told to be configured, over another connection", async () => {
  const { own, remote } = await start()
  await remote.register(ask)
  await own.down()
  await own.up()
  expect(await remote.remove()).toBe("removed")
  expect(own.listed()).toEqual([])
})

it("waits for a broker that starts later, and not for ever", async () => {
  const { own, remote, log } = await start({}, 400)
  await own.down()
  const registered = remote.register(ask)
  await until(() => log.lines.length > 0)
  await own.up()
  expect(await registered).toMatchObject({ grant: "jit" })
  const other = new RemoteRegistrar({ address: { kind: "unix", path: `${own.folder}/none.sock` } }, RUNNER, log, {
    window: 200,
    delay: 20,
    longestDelay: 40,
  })
  expect((await failureOf(other.register(ask))).replace(own.folder, "")).toMatchInlineSnapshot(
    `"NETWORK: the broker at unix:///none.sock cannot be reached: ENOENT | Check that it is running, and check BROKER_URL."`,
  )
})

it("gives up when nobody wants it any more", async () => {
  const { own, remote } = await start({}, 60_000)
  await own.down()
  const reason = new Error("stopped by SIGTERM")
  const controller = new AbortController()
  setTimeout(() => controller.abort(reason), 200)
  await expect(remote.register(ask, controller.signal)).rejects.toBe(reason)
  await own.up()
  expect(own.listed()).toEqual([])
})

it("tells what the broker refuses", async () => {
  const { own, remote, log } = await start()
  await remote.register(ask)
  const second = new RemoteRegistrar(own.endpoint(), RUNNER, log)
  expect(await failureOf(second.register(ask))).toMatchInlineSnapshot(
    `"REGISTRATION: the broker refused: a runner named a-runner is already connected | The broker's own log says more."`,
  )
  second.close()
})
