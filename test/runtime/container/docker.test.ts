import { mkdtempSync, rmSync, writeFileSync, chmodSync } from "node:fs"
import { createServer, type Server } from "node:net"
import { once } from "node:events"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startDockerService } from "../../../docker/runtime/src/container/docker-service.js"
import { dockerAddress, socketGroup, waitForDocker } from "../../../docker/runtime/src/container/docker-socket.js"
import { failureOf } from "../github/scripted-server.js"
import { until } from "../runner/runner-folder.js"

let folder: string
let server: Server | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runner-docker-"))
})

afterEach(() => {
  server?.close()
  server = undefined
  rmSync(folder, { recursive: true, force: true })
})

async function listen(path: string): Promise<void> {
  server = createServer((socket) => socket.end()).listen(path)
  await once(server, "listening")
}

describe("Docker's address", () => {
  it.each([
    [undefined, { path: "/var/run/docker.sock" }],
    ["", { path: "/var/run/docker.sock" }],
    ["unix:///run/user/1000/docker.sock", { path: "/run/user/1000/docker.sock" }],
    ["tcp://docker:2376", { host: "docker", port: 2376 }],
    ["tcp://docker", { host: "docker", port: 2375 }],
    ["tcp://[::1]:2375", { host: "::1", port: 2375 }],
    ["ssh://user@host", undefined],
    ["nonsense", undefined],
  ])("of %j", (value, expected) => {
    expect(dockerAddress(value === undefined ? {} : { DOCKER_HOST: value })).toEqual(expected)
  })

  it("has a group only when there is a socket", async () => {
    const path = join(folder, "docker.sock")
    expect(socketGroup({ path })).toBeUndefined()
    await listen(path)
    expect(socketGroup({ path })).toBe(process.getgid?.())
    expect(socketGroup({ host: "docker", port: 2375 })).toBeUndefined()
  })
})

describe("waiting for Docker", () => {
  it("ends as soon as it answers", async () => {
    const path = join(folder, "docker.sock")
    const waiting = waitForDocker({ path }, 20, new AbortController().signal)
    setTimeout(() => void listen(path), 300)
    const start = performance.now()
    await waiting
    expect(performance.now() - start).toBeLessThan(5000)
  })

  it("ends when it took too long", async () => {
    const path = join(folder, "docker.sock")
    const failure = await failureOf(waitForDocker({ path }, 0, new AbortController().signal))
    expect(failure.replaceAll(folder, "")).toMatchInlineSnapshot(
      `"UNCLASSIFIED: Docker did not answer within 0 s: connect ENOENT /docker.sock | Start the daemon, mount its socket or set DOCKER_HOST; or wait longer with WAIT_FOR_DOCKER_SECONDS, or not at all with 0."`,
    )
  })

  it("ends when the container is to stop", async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error("stopped")), 100)
    await expect(waitForDocker({ path: join(folder, "docker.sock") }, 60, stop.signal)).rejects.toThrow("stopped")
  })
})

describe("a Docker daemon in the container", () => {
  it("is an error where the image has none, which says what to do", async () => {
    const failure = await failureOf(Promise.resolve().then(() => startDockerService({ PATH: folder }, 0)))
    expect(failure).toMatchInlineSnapshot(
      `"CONFIGURATION: START_DOCKER_SERVICE requires a Docker daemon in this container, but the image has none | Mount the host's socket with -v /var/run/docker.sock:/var/run/docker.sock, or name a docker:dind container in DOCKER_HOST; or install the distribution's docker.io in an image of your own."`,
    )
  })

  it("needs root", async () => {
    writeFileSync(join(folder, "dockerd"), "#!/bin/sh\n")
    chmodSync(join(folder, "dockerd"), 0o755)
    const failure = await failureOf(Promise.resolve().then(() => startDockerService({ PATH: folder }, 1001)))
    expect(failure).toMatchInlineSnapshot(
      `"CONFIGURATION: START_DOCKER_SERVICE needs root, but this container was not started as root | Start it with --user 0 --privileged, and with RUN_AS_ROOT=false if jobs must not run as root."`,
    )
  })

  it("is started and stopped", async () => {
    const said = join(folder, "said")
    writeFileSync(
      join(folder, "dockerd"),
      `#!/bin/bash\ntrap 'echo stopped > "${said}"; exit' TERM\necho started > "${said}"\nwhile :; do sleep 0.02; done\n`,
    )
    chmodSync(join(folder, "dockerd"), 0o755)
    const { readFileSync, existsSync } = await import("node:fs")
    const stop = startDockerService({ PATH: `${folder}:${process.env.PATH ?? ""}` }, 0)
    await until(() => existsSync(said) && readFileSync(said, "utf8") === "started\n")
    stop()
    await until(() => readFileSync(said, "utf8") === "stopped\n")
  })
})
