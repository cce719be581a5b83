import { execa } from "execa"
import { spawn, spawnSync, type ChildProcess } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { findProgram } from "../../src/engine/bare/host/host.js"
import type { PackedEngine } from "../../src/engine/image/pack.js"
import { answer, BOTH, commandLine, readReport, refusal } from "./entry-points.js"

const IMAGE = "registry.dagger.io/engine:v0.19.10"
const ENGINE = "dagger-engine-v0.19.10"
const LOADED = "localhost/runner-images:standard"
// Given, so that what happens to the checkout meanwhile changes nothing.
const SOURCE = ["--source-url", "https://git.example.com/owner/runner", "--source-revision", "0".repeat(40)]
const SHARED = ["--sources", "registry", "--runner", "act", "--platforms", BOTH, ...SOURCE]

const work = mkdtempSync(join(tmpdir(), "docker-engine-"))
const archive = join(work, "engine.tar")

/** Why nothing of this can be tried here. Somebody's own engine has a cache that they need. */
function obstacle(): string | undefined {
  const docker = (...words: string[]) => spawnSync("docker", words, { encoding: "utf8", timeout: 20_000 })
  if (docker("version", "--format", "{{.Server.Version}}").status !== 0) return "no Docker daemon answers"
  if (docker("image", "inspect", IMAGE).status === 0) return `${IMAGE} is there already`
  if (docker("container", "inspect", ENGINE).status === 0) return `${ENGINE} is there already`
  if (process.getuid?.() !== 0) return "packing takes root"
  return undefined
}

/** The command line where the environment names no engine, as users of Docker have it. */
const inDocker = commandLine.with({ _EXPERIMENTAL_DAGGER_RUNNER_HOST: "", _EXPERIMENTAL_DAGGER_CLI_BIN: "" })
const docker = async (...words: string[]) => (await execa("docker", words, { all: true })).all

const why = obstacle()

describe.skipIf(why)(`the engine's image in Docker${why === undefined ? "" : `: not tried, because ${why}`}`, () => {
  beforeAll(async () => {
    answer(await commandLine("engine", "image", "--output", archive))
  })

  afterAll(async () => {
    await execa("docker", ["rm", "--force", "--volumes", ENGINE], { reject: false })
    await execa("docker", ["image", "rm", "--force", IMAGE, LOADED], { reject: false })
    rmSync(work, { recursive: true, force: true })
  })

  it("has the same bytes when it is packed again", async () => {
    const first = (await execa("sha256sum", [archive])).stdout.split(" ")[0]
    const packed = JSON.parse(
      answer(await commandLine("engine", "image", "--json", "--output", archive)),
    ) as PackedEngine
    expect(packed).toMatchObject({ file: archive, image: IMAGE, sha256: first })
  })

  it("reports an engine that keeps ending in less than two minutes, with what it said", async () => {
    const context = join(work, "broken")
    mkdirSync(context)
    writeFileSync(join(context, "broken"), '#!/bin/sh\necho "no luck today"\nexit 3\n', { mode: 0o755 })
    await docker("load", "--input", archive)
    const container = await docker("create", IMAGE)
    await docker("cp", join(context, "broken"), `${container}:/broken`)
    await docker("commit", "--change", 'ENTRYPOINT ["/broken"]', container, IMAGE)
    await docker("rm", "--volumes", container)
    const start = performance.now()
    const said = refusal(await inDocker("build", ...SHARED, "--output", join(work, "none")), 1)
    expect(said).toContain(
      `${ENGINE} keeps ending and being started again, the last time with exit code 3. [ENGINE_START]`,
    )
    expect(said).toContain("  no luck today\n")
    expect(performance.now() - start).toBeLessThan(120_000)
    await docker("rm", "--force", "--volumes", ENGINE)
    await docker("image", "rm", IMAGE)
  })

  it("is loaded, and builds both platforms, the foreign one with native programs, with nothing said of an engine", async () => {
    await docker("load", "--input", archive)
    const built = await inDocker("build", ...SHARED, "--load", "--output", join(work, "docker"))
    answer(built)
    expect(built.stderr).toContain("Engine: docker, docker ")
    const { platforms } = readReport(join(work, "docker", "standard"))
    expect(platforms.map(({ installation }) => installation?.method).sort()).toEqual(["accelerated", "native"])
  })

  it.skipIf(!process.env._EXPERIMENTAL_DAGGER_RUNNER_HOST)("builds what the bare engine builds", async () => {
    answer(await commandLine("build", ...SHARED, "--output", join(work, "bare")))
    const [docker, bare] = ["docker", "bare"].map((engine) => readReport(join(work, engine, "standard")))
    expect(docker?.index).toBe(bare?.index)
  })

  it("gives an image that Docker runs, with its health check", async () => {
    expect(await docker("run", "--rm", LOADED, "--version")).toContain("variant   standard")
    expect(await docker("image", "inspect", "--format", "{{json .Config.Healthcheck}}", LOADED)).toContain("health")
  })

  const registry = findProgram("docker-registry")
  it.skipIf(registry === undefined)("publishes to a registry on this host's loopback", async () => {
    const port = 5990
    const config = { version: "0.1", storage: { filesystem: { rootdirectory: join(work, "registry") } } }
    const file = join(work, "registry.json")
    writeFileSync(file, JSON.stringify({ ...config, http: { addr: `127.0.0.1:${String(port)}` } }))
    const server: ChildProcess = spawn(registry ?? "", ["serve", file], { stdio: "ignore" })
    try {
      const repository = `127.0.0.1:${String(port)}/runner`
      const reference = answer(await inDocker("publish", ...SHARED, "--repository", repository, "--tags", "try")).trim()
      expect(reference).toBe(`${repository}@${readReport(join(work, "docker", "standard")).index ?? ""}`)
    } finally {
      server.kill()
    }
  })
})
