import { connection, dag, type Service } from "@dagger.io/dagger"
import { execFileSync, spawn, type ChildProcess } from "node:child_process"
import { createHash, randomBytes, randomUUID } from "node:crypto"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"
import { catalogTool, TOOLS, upstreamFiles, type ToolName } from "../../dagger/src/core/catalog/catalog.js"
import { resolveDefinition } from "../../dagger/src/core/variants/definitions.js"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { parseMirror, type Mirror } from "../../dagger/src/core/text/mirror.js"
import { decideSources, imageSources, sourceGroups } from "../../dagger/src/core/plan/sources.js"
import { openEngineHost, type EngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { withTool } from "../../dagger/src/pipeline/image/tools.js"
import { fetchUpstream, probeOf, type UpstreamAccess } from "../../dagger/src/pipeline/image/upstream.js"
import { loopbackService } from "../../src/runs/loopback.js"
import { zipOf } from "./zip.js"
import { hostUploads } from "../../src/session/host-uploads.js"
import { DOCKER_FOLDER } from "../../src/host/paths.js"

const SERVER = fileURLToPath(new URL("upstream-server.mjs", import.meta.url))
/** Makes every URL new, since a file that was fetched is never fetched again. */
const RUN = randomUUID()
/** Tools whose upstream files can all be verified. */
const STANDARD = resolveDefinition("standard", undefined).tools
const PLATFORMS = ["linux/amd64", "linux/arm64"] as const

/** The vendors' files under their hosts and paths, made here. */
const folder = mkdtempSync(join(tmpdir(), "runner-images-upstream-"))
let onHost: ChildProcess | undefined
afterAll(() => {
  onHost?.kill()
  rmSync(folder, { recursive: true, force: true })
})

function urlOf(tool: ToolName): string {
  return catalogTool(tool).upstream?.files["linux/amd64"].url ?? ""
}

function pathOf(url: string): string {
  return join(folder, url.replace("https://", ""))
}

/** Packs files in a vendor's form: everything below one folder, or nothing. */
function pack(tool: ToolName, top: string, files: Record<string, string>): void {
  const contents = mkdtempSync(join(tmpdir(), "runner-images-packed-"))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(contents, top, path)), { recursive: true })
    writeFileSync(join(contents, top, path), text, { mode: 0o755 })
  }
  execFileSync("tar", ["--auto-compress", "-cf", pathOf(urlOf(tool)), top], { cwd: contents })
  rmSync(contents, { recursive: true })
}

/** A program, and enough behind it that a transfer of it takes its time. */
const program = (name: string) => `#!/bin/sh\necho ${name}\nexit\n${randomBytes(30_000).toString("hex")}\n`

for (const { url } of upstreamFiles(TOOLS, PLATFORMS)) {
  mkdirSync(dirname(pathOf(url)), { recursive: true })
  writeFileSync(pathOf(url), program(basename(url)))
}
const says = (name: string) => `#!/bin/sh\necho ${name}\n`
pack("node", "node-v24-linux", { "bin/node": says("node"), "README.md": "read me", "share/man/man1/node.1": "" })
pack("docker", "docker", { docker: says("docker"), dockerd: says("dockerd") })
pack("gh", "gh_linux", { "bin/gh": says("gh"), LICENSE: "" })
pack("go", "go", { "bin/go": says("go"), "doc/spec.html": "" })
writeFileSync(pathOf(urlOf("chromedriver")), zipOf({ "linux/chromedriver": says("chromedriver"), "linux/LICENSE": "" }))

/** What the catalog would say of a file that is served. */
function fileOf(tool: ToolName): { name: string; url: string; sha256: string } {
  const url = urlOf(tool)
  const sha256 = createHash("sha256")
    .update(readFileSync(pathOf(url)))
    .digest("hex")
  return { name: basename(url), url, sha256 }
}

/** The file whose transfers go wrong. */
const FILE = fileOf("buildx")
const HALF = String(Math.floor(readFileSync(pathOf(FILE.url)).length / 2))

const mirrorWith = (fault: string, base = "http://mirror.test") => parseMirror(`${base}/${fault}/${RUN}`)

const requestsSchema = z.array(
  z.object({ fault: z.string(), method: z.string(), path: z.string(), range: z.string().optional() }),
)
type Requests = z.infer<typeof requestsSchema>

function serverIn({ toolbox }: EngineHost): Service {
  return toolbox
    .withNewFile("/server.mjs", readFileSync(SERVER, "utf8"))
    .withDirectory("/srv", dag.host().directory(folder))
    .withEnvVariable("RUN", RUN)
    .withExposedPort(8080)
    .asService({ args: ["node", "/server.mjs", "/srv", "8080"] })
}

async function requestsOf({ toolbox }: EngineHost, server: Service): Promise<Requests> {
  const text = await toolbox
    .withServiceBinding("server", server)
    .withEnvVariable("NONCE", randomUUID())
    .withExec(["curl", "--silent", "--fail", "http://server:8080/requests"])
    .stdout()
  return requestsSchema.parse(JSON.parse(text))
}

/** What came of fetching the file: that it is right, or the error as users see it. */
async function outcome(engineHost: EngineHost, access: UpstreamAccess): Promise<string> {
  try {
    const fetched = await fetchUpstream(engineHost, FILE, access)
    const sum = await engineHost.container.withMountedFile("/file", fetched).withExec(["sha256sum", "/file"]).stdout()
    return sum.startsWith(FILE.sha256) ? "right" : `not right: ${sum}`
  } catch (error) {
    if (!(error instanceof RunnerImagesError)) throw error
    const { code, exitCode, problem, remedy } = error
    return `${code} (exit code ${exitCode})\n${problem}\n${remedy}`
      .replaceAll(RUN, "RUN")
      .replaceAll(FILE.url.replace("https://", ""), "HOST/PATH")
      .replaceAll(FILE.name, "FILE")
      .replaceAll(HALF, "HALF")
      .replace(/actual [0-9a-f]{64}/, "actual ACTUAL")
      .replaceAll(FILE.sha256, "EXPECTED")
  }
}

/** Ways in which a server can be, each with its outcome. */
const FAULTS = [
  "right",
  "wrong",
  "short",
  "missing",
  "busy",
  "overloaded",
  "moved",
  "loop",
  "breaks-once",
  "breaks-once-without-ranges",
  "breaks-always",
  "replaced-meanwhile",
  "steady",
  "silent",
  "silent-once",
  "private",
] as const
type Fault = (typeof FAULTS)[number]

interface Fetched {
  outcome: string
  seconds: number
}

const fetched = new Map<string, Fetched>()
let requests: Requests = []

/** All at once, since most of their time is waiting. */
beforeAll(async () => {
  await connection(async () => {
    const engineHost = await openEngineHost(hostUploads())
    await engineHost.toolbox.sync()
    const server = serverIn(engineHost)
    await server.start()
    const timed = async (name: string, access: UpstreamAccess) => {
      const began = performance.now()
      const came = await outcome(engineHost, access)
      fetched.set(name, { outcome: came, seconds: (performance.now() - began) / 1000 })
    }
    const through = (mirror: Mirror) => ({ mirror, mirrorService: server })
    await Promise.all([
      ...FAULTS.map((fault) => timed(fault, through(mirrorWith(fault)))),
      timed("with credentials", through(mirrorWith("private", "http://user:pass%22word@mirror.test"))),
      timed("unknown host", { mirror: parseMirror("http://user:secret@mirror.invalid/up") }),
    ])
    requests = await requestsOf(engineHost, server)
  })
})

const outcomeOf = (name: string) => fetched.get(name)?.outcome
/** The ranges that were asked for, request by request; "whole" where none was. */
const rangesOf = (fault: Fault) =>
  requests.filter((request) => request.fault === fault).map(({ range }) => range ?? "whole")

describe("an upstream file", () => {
  it.each([
    ["right", ["whole"]],
    ["moved", ["whole"]],
    ["busy", ["whole", "whole", "whole"]],
    ["steady", ["whole"]],
    ["breaks-once", ["whole", "bytes=HALF-"]],
    ["silent-once", ["whole", "bytes=HALF-"]],
    // The range is refused by sending the whole, which is left unread and asked for again.
    ["breaks-once-without-ranges", ["whole", "bytes=HALF-", "whole"]],
    // The halves are of two files: the checksum tells, and the whole is asked for again.
    ["replaced-meanwhile", ["whole", "bytes=HALF-", "whole"]],
  ] as const)("is had from a server that is %s", (fault, ranges) => {
    expect(outcomeOf(fault)).toBe("right")
    expect(rangesOf(fault)).toEqual(ranges.map((range) => range.replace("HALF", HALF)))
  })

  it("is had from a slow server, as long as something comes", () => {
    expect(fetched.get("steady")?.seconds).toBeGreaterThan(18)
  })

  it("with another checksum is refused", () => {
    expect(outcomeOf("wrong")).toMatchInlineSnapshot(`
      "DOWNLOAD_MISMATCH (exit code 1)
      FILE from http://mirror.test/wrong/RUN/HOST/PATH has the wrong checksum: expected sha256 EXPECTED, actual ACTUAL.
      Fetch the file again; if the vendor has replaced it, find out why before changing the catalog."
    `)
  })

  it("that the server has only in part is refused", () => {
    expect(outcomeOf("short")).toMatchInlineSnapshot(`
      "DOWNLOAD_MISMATCH (exit code 1)
      FILE from http://mirror.test/short/RUN/HOST/PATH has the wrong checksum: expected sha256 EXPECTED, actual ACTUAL.
      Fetch the file again; if the vendor has replaced it, find out why before changing the catalog."
    `)
  })

  it("that the server does not have is asked for once", () => {
    expect(outcomeOf("missing")).toMatchInlineSnapshot(`
      "DOWNLOAD_FAILED (exit code 5)
      FILE could not be fetched from http://mirror.test/missing/RUN/HOST/PATH: the server answers 404.
      Check that the mirror is reachable and has the file at this path, or pass a folder that contains the file with --assets DIR."
    `)
    expect(rangesOf("missing")).toEqual(["whole"])
  })

  it("that is redirected in circles is given up", () => {
    expect(outcomeOf("loop")).toMatchInlineSnapshot(`
      "DOWNLOAD_FAILED (exit code 5)
      FILE could not be fetched from http://mirror.test/loop/RUN/HOST/PATH: it is redirected more than 10 times.
      Check that the mirror is reachable and has the file at this path, or pass a folder that contains the file with --assets DIR."
    `)
  })

  it("that a server is always too busy for is given up", () => {
    expect(outcomeOf("overloaded")).toMatchInlineSnapshot(`
      "DOWNLOAD_FAILED (exit code 5)
      FILE could not be fetched from http://mirror.test/overloaded/RUN/HOST/PATH: the server answers 503; 4 attempts in a row brought nothing new.
      Check that the mirror is reachable and has the file at this path, or pass a folder that contains the file with --assets DIR."
    `)
  })

  it("of which the rest never comes is given up", () => {
    expect(outcomeOf("breaks-always")).toMatchInlineSnapshot(`
      "DOWNLOAD_FAILED (exit code 5)
      FILE could not be fetched from http://mirror.test/breaks-always/RUN/HOST/PATH: the connection broke off after HALF bytes; 4 attempts in a row brought nothing new.
      Check that the mirror is reachable and has the file at this path, or pass a folder that contains the file with --assets DIR."
    `)
    expect(rangesOf("breaks-always")).toHaveLength(5)
  })

  it("of which nothing comes is given up within two minutes", () => {
    expect(outcomeOf("silent")).toMatchInlineSnapshot(`
      "DOWNLOAD_FAILED (exit code 5)
      FILE could not be fetched from http://mirror.test/silent/RUN/HOST/PATH: nothing came for 15 seconds after 0 bytes; 4 attempts in a row brought nothing new.
      Check that the mirror is reachable and has the file at this path, or pass a folder that contains the file with --assets DIR."
    `)
    expect(fetched.get("silent")?.seconds).toBeLessThan(120)
  })

  it("from a server that nobody knows is given up, without showing the password", () => {
    expect(outcomeOf("unknown host")).toMatchInlineSnapshot(`
      "DOWNLOAD_FAILED (exit code 5)
      FILE could not be fetched from http://mirror.invalid/up/HOST/PATH: Could not resolve host: mirror.invalid; 4 attempts in a row brought nothing new.
      Check that the mirror is reachable and has the file at this path, or pass a folder that contains the file with --assets DIR."
    `)
  })

  it("from a server that wants credentials needs those in the mirror's URL", () => {
    expect(outcomeOf("private")).toMatchInlineSnapshot(`
      "DOWNLOAD_FAILED (exit code 5)
      FILE could not be fetched from http://mirror.test/private/RUN/HOST/PATH: the server answers 401.
      Put user and password into the mirror's URL, or pass a folder that contains the file with --assets DIR."
    `)
    expect(outcomeOf("with credentials")).toBe("right")
  })
})

it("vendors' archives and programs are placed where the catalog says", async () => {
  await connection(async () => {
    const engineHost = await openEngineHost(hostUploads())
    const sources = { docker: DOCKER_FOLDER, mirror: mirrorWith("right"), mirrorService: serverIn(engineHost) }
    const tools = ["node", "docker", "gh", "go", "buildx", "compose", "chromedriver"] as const
    let image = engineHost.container
    for (const name of tools) {
      const { url, sha256 } = fileOf(name)
      image = await withTool(engineHost, image, { name, from: "upstream", version: "9.9.9", url, sha256 }, sources)
    }
    const listed = await image.withExec(["sh", "-c", "find /usr/local /opt -type f | sort"]).stdout()
    expect(listed).toMatchInlineSnapshot(`
      "/opt/chrome-for-testing/chromedriver
      /usr/local/bin/docker
      /usr/local/bin/gh
      /usr/local/bin/node
      /usr/local/go/bin/go
      /usr/local/lib/docker/cli-plugins/docker-buildx
      /usr/local/lib/docker/cli-plugins/docker-compose
      "
    `)
    const said = await image
      .withExec([
        "sh",
        "-c",
        "node; docker; gh; /usr/local/go/bin/go; /opt/*/chromedriver; /usr/local/lib/docker/cli-plugins/docker-buildx",
      ])
      .stdout()
    expect(said.split("\n")).toEqual(["node", "docker", "gh", "go", "chromedriver", FILE.name, ""])
  })
})

it("auto takes upstream files from a mirror that has them, and tools from registries otherwise", async () => {
  await connection(async () => {
    const engineHost = await openEngineHost(hostUploads())
    const decide = async (fault: string) => {
      const access = { mirror: mirrorWith(fault), mirrorService: serverIn(engineHost) }
      const request = { sources: "auto" as const, platforms: [...PLATFORMS], mirror: access.mirror }
      const probe = probeOf(access, () => Promise.resolve(engineHost))
      return sourceGroups(imageSources(STANDARD, await decideSources(request, STANDARD, [], probe)))
    }
    const [right, missing] = await Promise.all([decide("right"), decide("missing")])
    expect(right).toEqual([
      {
        from: "upstream",
        tools: STANDARD.filter((name) => name !== "yarn"),
        reason: "the pinned files are on their servers",
      },
      { from: "registry", tools: ["yarn"], reason: "the vendor publishes only there" },
    ])
    expect(missing.map(({ from, tools }) => [from, ...tools])).toEqual([
      ["registry", "node", "npm"],
      ...["yarn", "docker", "buildx", "compose", "gh", "runner"].map((name) => ["registry", name]),
    ])
  })
})

describe("a mirror on this host's loopback interface", () => {
  let base = ""
  beforeAll(async () => {
    const server = spawn(process.execPath, [SERVER, folder, "0"], { stdio: ["ignore", "pipe", "inherit"] })
    onHost = server
    const [line] = z.tuple([z.instanceof(Buffer)]).parse(await once(server.stdout, "data"))
    base = `http://127.0.0.1:${z.object({ port: z.number() }).parse(JSON.parse(line.toString())).port}`
  })

  it("gives its files to the engine", async () => {
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads())
      const mirror = mirrorWith("right", base)
      const access = { mirror, mirrorService: loopbackService(dag, mirror) }
      expect(await outcome(engineHost, access)).toBe("right")
    })
  })

  it("and nothing listens: says so", async () => {
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads())
      const mirror = parseMirror("http://127.0.0.1:9/up")
      expect(await outcome(engineHost, { mirror, mirrorService: loopbackService(dag, mirror) })).toMatchInlineSnapshot(`
        "DOWNLOAD_FAILED (exit code 5)
        FILE could not be fetched from http://127.0.0.1:9/up/HOST/PATH: the connection broke off after 0 bytes; 4 attempts in a row brought nothing new.
        Check that the mirror is reachable and has the file at this path, or pass a folder that contains the file with --assets DIR."
      `)
    })
  })

  it("without being handed over is refused", () => {
    expect(() => probeOf({ mirror: mirrorWith("right", base) }, () => Promise.reject(new Error("not asked")))).toThrow(
      "is on this machine's loopback interface, which the engine cannot reach",
    )
  })
})

it("TLS: the trust bundle decides, and no redirect leads out of it", async () => {
  const outcomes: Record<string, string> = {}
  await connection(async () => {
    const engineHost = await openEngineHost(hostUploads())
    const keys = engineHost.toolbox
      .withWorkdir("/keys")
      .withExec([
        ..."openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 36500".split(" "),
        ..."-subj /CN=mirror.test -addext subjectAltName=DNS:mirror.test -keyout key.pem -out certificate.pem".split(
          " ",
        ),
      ])
    const server = engineHost.toolbox
      .withNewFile("/server.mjs", readFileSync(SERVER, "utf8"))
      .withDirectory("/srv", dag.host().directory(folder))
      .withDirectory("/srv", keys.directory("/keys"))
      .withExposedPort(8443)
      .asService({ args: ["node", "/server.mjs", "/srv", "8443"] })
    const trusting = await openEngineHost(hostUploads(), {
      caBundle: await keys.file("/keys/certificate.pem").contents(),
    })
    const through = (fault: string) => ({ mirror: mirrorWith(fault, "https://mirror.test"), mirrorService: server })
    const [untrusted, trusted, without] = await Promise.all([
      outcome(engineHost, through("right")),
      outcome(trusting, through("moved")),
      outcome(trusting, through("without-tls")),
    ])
    Object.assign(outcomes, { untrusted, trusted, without })
  })
  expect(outcomes).toMatchInlineSnapshot(`
    {
      "trusted": "right",
      "untrusted": "DOWNLOAD_FAILED (exit code 5)
    FILE could not be fetched from https://mirror.test/right/RUN/HOST/PATH: SSL certificate problem: self-signed certificate.
    Pass the certificate authority that issued the server's certificate with --ca-bundle FILE.",
      "without": "DOWNLOAD_FAILED (exit code 5)
    FILE could not be fetched from https://mirror.test/without-tls/RUN/HOST/PATH: it is redirected to an address without TLS, or without HTTP.
    Check that the mirror is reachable and has the file at this path, or pass a folder that contains the file with --assets DIR.",
    }
  `)
})

it("a proxy that the engine's steps are told of is used", async () => {
  await connection(async () => {
    const engineHost = await openEngineHost(hostUploads())
    const proxy = serverIn(engineHost)
    const toolbox = engineHost.toolbox
      .withServiceBinding("proxy", proxy)
      .withEnvVariable("HTTP_PROXY", "http://proxy:8080")
    expect(await outcome({ ...engineHost, toolbox }, { mirror: mirrorWith("right", "http://behind.invalid") })).toBe(
      "right",
    )
  })
})
