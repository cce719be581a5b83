import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Configuration } from "../../../docker/runtime/src/configuration/configuration.js"
import {
  type Answer,
  configurationFor,
  failureOf,
  scriptedServer,
  type ScriptedServer,
} from "../github/scripted-server.js"
import { registrarFor } from "./registrar-for.js"

const RUNNERS = "/repos/octo/example/actions/runners"
const LIST = `GET ${RUNNERS}?name=a-runner&per_page=100&page=1`
const CREATE = `POST ${RUNNERS}/generate-jitconfig`
const TOKEN = `POST ${RUNNERS}/registration-token`

interface Listed {
  id: number
  name?: string
  status?: string
  busy?: boolean
}

const described = (runner: Listed) => ({ name: "a-runner", status: "offline", busy: false, ...runner })
const listed = (...runners: Listed[]): Answer => ({ status: 200, body: { runners: runners.map(described) } })
const made = (id: number): Answer => ({
  status: 201,
  body: { runner: described({ id }), encoded_jit_config: Buffer.from(`jit ${String(id)}`).toString("base64") },
})
const jit = (id: number) => ({ grant: "jit", configuration: Buffer.from(`jit ${String(id)}`).toString("base64") })
const UNKNOWN: Answer = { status: 404, body: { message: "Not Found" } }

/** What GitHub answers, by request: one after the other, the last for ever. A 404 to all else. */
let answers: Record<string, Answer | Answer[]> = {}
let server: ScriptedServer
beforeEach(async () => {
  let tokens = 0
  answers = {}
  server = await scriptedServer((request) => {
    const answer = answers[request]
    if (Array.isArray(answer)) return (answer.length > 1 ? answer.shift() : answer[0]) ?? UNKNOWN
    if (answer === undefined && request === TOKEN)
      return { status: 201, body: { token: `registration-${String(++tokens)}` } }
    return answer ?? UNKNOWN
  })
})
afterEach(() => server.close())

function registrar(changes: Partial<Configuration> = {}, foreign: readonly number[] = []) {
  return registrarFor(configurationFor(server.url, changes), foreign)
}

const ask = { configured: false, workFolder: "/work" }
const tell = { configured: true, workFolder: "/work" }
const token = (number: number) => ({
  grant: "token",
  token: `registration-${String(number)}`,
  target: { url: "https://github.com/octo/example", givenToken: false },
})

describe("a runner that stays", () => {
  it("gets a fresh token at each try, until it is registered: then nothing more", async () => {
    answers = { [LIST]: [listed(), listed(), listed({ id: 42 })] }
    const { registrar: own, log } = registrar()
    expect(await own.register(ask)).toEqual(token(1))
    expect(await own.register(ask)).toEqual(token(2))
    expect(await own.register(tell)).toEqual({ grant: "done" })
    expect(own.id).toBe(42)
    expect(await failureOf(own.register(ask))).toMatchInlineSnapshot(
      `"REGISTRATION: a-runner is registered already, and the broker registers no other runner for this container | Start the container again to register it again."`,
    )
    expect(await own.register(tell)).toEqual({ grant: "done" })
    expect(server.requests).toEqual([TOKEN, LIST, TOKEN, LIST, LIST])
    expect(log.lines).toMatchInlineSnapshot(`
      [
        "info: granted a-runner a registration token",
        "info: granted a-runner a registration token",
        "info: registered a-runner (id 42)",
        "info: registered a-runner (id 42)",
      ]
    `)
  })

  it("is removed by its own id, once GitHub lists it no more", async () => {
    const [get, remove] = [`GET ${RUNNERS}/42`, `DELETE ${RUNNERS}/42`]
    answers = {
      [LIST]: [listed(), listed({ id: 42 })],
      [remove]: { status: 204 },
      // GitHub's list may lag behind.
      [get]: [{ status: 200, body: described({ id: 42 }) }, UNKNOWN],
    }
    const { registrar: own } = registrar()
    await own.register(ask)
    await own.register(tell)
    expect(await own.remove()).toBe("removed")
    expect(server.requests.slice(3)).toEqual([remove, get, get])
  })

  it("takes a ghost off the list: one that config.sh was killed over is found by its name", async () => {
    const [get, remove] = [`GET ${RUNNERS}/42`, `DELETE ${RUNNERS}/42`]
    answers = {
      [LIST]: [listed(), listed({ id: 42 })],
      [get]: [{ status: 200, body: described({ id: 42 }) }, UNKNOWN],
      [remove]: { status: 204 },
    }
    const { registrar: own } = registrar()
    await own.register(ask)
    expect(await own.remove()).toBe("removed")
    expect(server.requests.slice(2)).toEqual([LIST, get, remove, get])
  })

  it.each<[string, Partial<Listed>]>([
    ["online", { status: "online" }],
    ["busy", { status: "online", busy: true }],
  ])("takes no runner for its ghost that is %s, and so another machine's", async (_, state) => {
    answers = {
      [LIST]: listed({ id: 43, ...state }),
      [`GET ${RUNNERS}/43`]: { status: 200, body: described({ id: 43, ...state }) },
    }
    const { registrar: own } = registrar()
    await own.register(ask)
    expect(await own.remove()).toBe("absent")
    expect(server.requests.filter((request) => request.startsWith("DELETE"))).toEqual([])
  })

  it("does not take another runner of its name off the list", async () => {
    answers = { [LIST]: listed({ id: 43 }) }
    const { registrar: own } = registrar({ replace: false })
    await own.register(ask)
    // config.sh says that the name is taken; nothing was registered.
    expect(await own.remove()).toBe("absent")
    await own.register(tell)
    expect([own.id, await own.remove()]).toEqual([undefined, "absent"])
    expect(server.requests.filter((request) => request.startsWith("DELETE"))).toEqual([])
  })

  it("does not lose its own when a second try finds that", async () => {
    answers = { [LIST]: [listed(), listed({ id: 42 })] }
    const { registrar: own } = registrar({ replace: false })
    await own.register(ask)
    await own.register(ask)
    await own.register(tell)
    expect(own.id).toBe(42)
  })

  it("takes no place of a runner of another container", async () => {
    answers = { [LIST]: listed({ id: 43 }) }
    const { registrar: own } = registrar({}, [43])
    expect(await failureOf(own.register(ask))).toMatchInlineSnapshot(
      `"REGISTRATION: a runner named a-runner already exists | Set another RUNNER_NAME, or RUNNER_REPLACE_EXISTING=true to replace that runner; one that has a job is not replaced."`,
    )
    expect(await own.remove()).toBe("absent")
  })

  it("that a folder kept registered is known by its name", async () => {
    answers = { [LIST]: listed({ id: 42 }) }
    const { registrar: own } = registrar({ replace: false })
    expect(await own.register(tell)).toEqual({ grant: "done" })
    expect(own.id).toBe(42)
    expect(server.requests).toEqual([LIST])
  })
})

describe("nothing to remove", () => {
  it("before anything was asked for", async () => {
    expect(await registrar().registrar.remove()).toBe("absent")
    expect(server.requests).toEqual([])
  })

  it("after a refusal", async () => {
    answers = { [TOKEN]: { status: 401, body: { message: "Bad credentials" } } }
    const { registrar: own } = registrar()
    expect(await failureOf(own.register(ask))).toMatchInlineSnapshot(
      `"TOKEN_INVALID: 127.0.0.1:PORT refused the credentials for a registration token for repos/octo/example: 401, "Bad credentials" | The token is wrong, expired or revoked. Set a new one."`,
    )
    expect(await own.remove()).toBe("absent")
    expect(server.requests).toEqual([TOKEN])
  })

  it("after a grant that was withdrawn while GitHub was out of reach", async () => {
    answers = { [TOKEN]: "drop" }
    const { registrar: own } = registrar()
    const reason = new Error("stopped by SIGTERM")
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), 200)
    await expect(own.register(ask, controller.signal)).rejects.toBe(reason)
    expect(await own.remove()).toBe("absent")
    expect(new Set(server.requests)).toEqual(new Set([TOKEN]))
  })

  it("with a registration token alone", async () => {
    const { registrar: own } = registrar({ authentication: { kind: "registration-token", token: "given" } })
    expect(await own.register(ask)).toEqual({
      grant: "token",
      token: "given",
      target: { url: "https://github.com/octo/example", givenToken: true },
    })
    await own.register(tell)
    expect(await own.remove()).toBe("local")
    expect(server.requests).toEqual([])
  })
})

describe("a runner for one job", () => {
  const once = { ephemeral: true }

  it("is made by GitHub, and no token is", async () => {
    answers = { [CREATE]: made(42) }
    const { registrar: own } = registrar(once)
    expect(await own.register(ask)).toEqual(jit(42))
    await own.register(tell)
    expect(own.id).toBe(42)
    expect(server.requests).toEqual([CREATE])
  })

  it("takes the place of the one before, by that one's id", async () => {
    const remove = `DELETE ${RUNNERS}/41`
    answers = { [CREATE]: [{ status: 409 }, made(42)], [LIST]: listed({ id: 41 }), [remove]: { status: 204 } }
    const { registrar: own } = registrar(once)
    expect(await own.register(ask)).toEqual(jit(42))
    expect(server.requests).toEqual([CREATE, LIST, remove, CREATE])
  })

  it.each<[string, Partial<Configuration>, Listed, number[]]>([
    ["is not to be replaced", { replace: false }, { id: 41 }, []],
    ["has a job", {}, { id: 41, busy: true }, []],
    ["is another container's", {}, { id: 41 }, [41]],
  ])("takes no place of one that %s", async (_, changes, other, foreign) => {
    answers = { [CREATE]: { status: 409 }, [LIST]: listed(other) }
    const { registrar: own } = registrar({ ...once, ...changes }, foreign)
    expect(await failureOf(own.register(ask))).toBe(
      "REGISTRATION: a runner named a-runner already exists | Set another RUNNER_NAME, or RUNNER_REPLACE_EXISTING=true to replace that runner; one that has a job is not replaced.",
    )
    expect(await own.remove()).toBe("absent")
    expect(server.requests.filter((request) => request.startsWith("DELETE"))).toEqual([])
  })

  it("gets a token from a server that makes none", async () => {
    answers = { [CREATE]: UNKNOWN, [LIST]: listed() }
    expect(await registrar(once).registrar.register(ask)).toEqual(token(1))
  })

  it("is removed again when it was made after nobody wanted it any more", async () => {
    const remove = `DELETE ${RUNNERS}/42`
    answers = { [CREATE]: made(42), [remove]: { status: 204 } }
    const { registrar: own } = registrar(once)
    const reason = new Error("stopped by SIGTERM")
    const controller = new AbortController()
    const rejected = expect(own.register(ask, controller.signal)).rejects.toBe(reason)
    // On its way.
    while (!server.requests.includes(CREATE)) await new Promise((resolve) => setImmediate(resolve))
    controller.abort(reason)
    await rejected
    expect(server.requests).toEqual([CREATE, remove])
    expect(await own.remove()).toBe("absent")
  })
})

describe("a runner that GitHub does not let go", () => {
  const [get, remove] = [`GET ${RUNNERS}/42`, `DELETE ${RUNNERS}/42`]

  async function registered() {
    answers[CREATE] = made(42)
    const { registrar: own } = registrar({ ephemeral: true })
    await own.register(ask)
    await own.register(tell)
    return own
  }

  it("since it has a job", async () => {
    answers = { [remove]: { status: 422 } }
    expect(await (await registered()).remove()).toBe("busy")
  })

  it("though it says so", async () => {
    answers = { [remove]: { status: 204 }, [get]: { status: 200, body: described({ id: 42 }) } }
    expect(await failureOf((await registered()).remove())).toMatchInlineSnapshot(
      `"REGISTRATION: GitHub said that runner 42 was removed, but still lists it | Remove it in the settings, under Actions, Runners. GitHub removes it itself once it has been offline for long enough."`,
    )
  })

  it("to these credentials", async () => {
    answers = { [remove]: { status: 401, body: { message: "Bad credentials" } } }
    expect(await failureOf((await registered()).remove())).toMatchInlineSnapshot(
      `"TOKEN_INVALID: 127.0.0.1:PORT refused the credentials for the removal of runner 42 of repos/octo/example: 401, "Bad credentials" | The token is wrong, expired or revoked. Set a new one."`,
    )
  })

  it("that is off the list already is removed", async () => {
    expect(await (await registered()).remove()).toBe("removed")
    expect(server.requests.slice(1)).toEqual([remove, get])
  })
})
