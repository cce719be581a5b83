import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { removeContainers } from "../../../docker/runtime/src/cleaning/containers.js"
import { DockerDaemon } from "../../docker-daemon/docker-daemon.js"

/** As GitHub's runner makes one. */
const OWN = "1a2b3c"
const LABEL = "runner-images.runner=one"

let folder: string
let daemon: DockerDaemon | undefined
let why = ""

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "runner-containers-"))
  try {
    daemon = await DockerDaemon.start()
  } catch (error) {
    why = error instanceof Error ? error.message : String(error)
  }
}, 300_000)
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await daemon?.close()
})

describe("containers of jobs", () => {
  it("are removed with their networks, and others stay", async ({ skip }) => {
    const { docker, made } = daemon ? await someContainers(daemon) : skip(`no Docker daemon: ${why}`)
    // A job can make another daemon the usual one, and have programs run by every command.
    mkdirSync(join(folder, ".docker"))
    writeFileSync(join(folder, ".docker/config.json"), "{ this is no JSON")
    const environment = { DOCKER_HOST: `unix://${docker.socket}`, HOME: folder, PATH: process.env.PATH ?? "" }
    expect(await removeContainers([LABEL, OWN], environment)).toEqual({ containers: 2, networks: 1 })
    expect(await docker.done("ps", "--all", "--quiet", "--no-trunc")).toBe(made)
    expect(await docker.done("network", "ls", "--quiet", "--filter", "type=custom", "--format", "{{.Name}}")).toBe(
      "other",
    )
    expect(await removeContainers([LABEL, OWN], environment)).toEqual({ containers: 0, networks: 0 })
  })

  it("are no matter without Docker, and a daemon that does not answer is told", async () => {
    expect(await removeContainers([LABEL, OWN], { DOCKER_HOST: "unix:///nowhere/docker.sock" })).toEqual({
      containers: 0,
      networks: 0,
    })
    const { failure } = await removeContainers([LABEL, OWN], {
      DOCKER_HOST: "tcp://127.0.0.1:1",
      HOME: folder,
      PATH: process.env.PATH ?? "",
    })
    expect(failure).toMatch(/tcp:\/\/127\.0\.0\.1:1/)
  })
})

/** Two containers and a network of the runner, and others. @returns the other container's id */
async function someContainers(docker: DockerDaemon): Promise<{ docker: DockerDaemon; made: string }> {
  const archive = join(docker.folder, "empty.tar")
  writeFileSync(archive, Buffer.alloc(10_240))
  await docker.done("import", archive, "empty")
  const create = (...words: string[]): Promise<string> => docker.done("create", ...words, "empty", "/program")
  await create("--label", LABEL)
  await create("--label", OWN)
  const made = await create("--label", "runner-images.runner=two")
  await docker.done("network", "create", "--label", OWN, "own")
  await docker.done("network", "create", "other")
  return { docker, made }
}
