import { connection, dag } from "@dagger.io/dagger"
import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"
import type { Probe } from "../../dagger/src/core/plan/sources.js"
import { parseMirror } from "../../dagger/src/core/text/mirror.js"
import { openEngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { probeOf } from "../../dagger/src/pipeline/image/upstream.js"
import { probeFromHere } from "../../dagger/src/pipeline/plan/probe.js"
import { loopbackService } from "../../src/runs/loopback.js"
import { hostUploads } from "../../src/session/host-uploads.js"

const SERVER = fileURLToPath(new URL("upstream-server.mjs", import.meta.url))
/** Larger than what is read of a server that sends the whole although the first byte is requested. */
const FILE = "vendor.test/file.tar.gz"
const SIZE = 1_000_000

/** How a server can be, whether that is an answer, and how often it is asked. */
const ANSWERS = [
  ["right", "yes", 1],
  ["moved", "yes", 1],
  ["busy", "yes", 3],
  ["missing", "the server answers 404", 1],
  ["forbidden", "the server answers 403", 1],
  ["private", "the server answers 401", 1],
  ["overloaded", "the server answers 503, 3 times", 3],
  ["page", "the server sends a web page instead", 1],
  ["silent", "no answer within 8 seconds, 3 times", 3],
] as const
/** The same, where curl and Node.js say it in their own words. */
const IN_OWN_WORDS = [
  ["loop", { container: /^it is redirected more than 10 times$/, here: /^it redirects too many times$/ }, 11],
  // What forwards this host's loopback interface to the container keeps a dropped connection open.
  ["hangs-up", { container: /^no answer within 8 seconds, 3 times$/, here: /hang up.*, 3 times$/ }, 3],
] as const
const FAULTS = [...ANSWERS, ...IN_OWN_WORDS].map(([fault]) => fault)

const folder = mkdtempSync(join(tmpdir(), "runner-images-ask-"))
mkdirSync(join(folder, "vendor.test"))
writeFileSync(join(folder, FILE), Buffer.alloc(SIZE))

const requestsSchema = z.array(z.object({ fault: z.string(), method: z.string(), range: z.string().optional() }))
interface Asked {
  answers: Record<string, string>
  requests: z.infer<typeof requestsSchema>
}
const asked: Partial<Record<"container" | "here", Asked>> = {}
const servers: ChildProcess[] = []
afterAll(() => {
  for (const server of servers) server.kill()
  rmSync(folder, { recursive: true, force: true })
})

/** The server's address. Each way of asking has its own server, which counts the requests. */
async function serve(): Promise<string> {
  const server = spawn(process.execPath, [SERVER, folder, "0"], { stdio: ["ignore", "pipe", "inherit"] })
  servers.push(server)
  const [line] = z.tuple([z.instanceof(Buffer)]).parse(await once(server.stdout, "data"))
  return `http://127.0.0.1:${String(z.object({ port: z.number() }).parse(JSON.parse(line.toString())).port)}`
}

async function ask(base: string, probe: Probe): Promise<Asked> {
  const answers = await probe(FAULTS.map((fault) => `${base}/${fault}/run/${FILE}`))
  const requests = requestsSchema.parse(await (await fetch(`${base}/requests`)).json())
  return { answers: Object.fromEntries(FAULTS.map((fault, index) => [fault, answers[index] ?? "yes"])), requests }
}

beforeAll(async () => {
  const [here, container] = await Promise.all([serve(), serve()])
  await Promise.all([
    ask(here, probeFromHere()).then((result) => (asked.here = result)),
    connection(async () => {
      const engineHost = await openEngineHost(hostUploads())
      const mirror = parseMirror(container)
      const access = { mirror, mirrorService: loopbackService(dag, mirror) }
      asked.container = await ask(
        container,
        probeOf(access, () => Promise.resolve(engineHost)),
      )
    }),
  ])
})

describe.each(["here", "container"] as const)("asked from a %s", (way) => {
  const requestsOf = (fault: string) => asked[way]?.requests.filter((request) => request.fault === fault) ?? []

  it.each(ANSWERS)("a server that is %s: %s", (fault, answer, times) => {
    expect(asked[way]?.answers[fault]).toBe(answer)
    expect(requestsOf(fault)).toEqual(
      Array.from({ length: times }, () => ({ fault, method: "GET", range: "bytes=0-0" })),
    )
  })

  it.each(IN_OWN_WORDS)("a server with this fault: %s", (fault, answer, times) => {
    expect(asked[way]?.answers[fault]).toMatch(answer[way])
    expect(requestsOf(fault)).toHaveLength(times)
  })
})

it("credentials go to the mirror alone", async () => {
  const base = await serve()
  const url = `${base}/private/run/${FILE}`
  expect(await probeFromHere({ username: "user", password: 'pass"word' })([url])).toEqual([undefined])
  await connection(async () => {
    const engineHost = await openEngineHost(hostUploads())
    const mirror = parseMirror(base.replace("http://", "http://user:pass%22word@"))
    const access = { mirror, mirrorService: loopbackService(dag, mirror) }
    expect(await probeOf(access, () => Promise.resolve(engineHost))([url])).toEqual([undefined])
  })
})

it("a server that nobody knows is asked three times", async () => {
  const [answer] = await probeFromHere()(["https://nobody.invalid/file"])
  expect(answer).toMatch(/(ENOTFOUND|EAI_AGAIN).*, 3 times$/)
})
