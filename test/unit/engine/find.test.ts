import { expect, it } from "vitest"
import { findEngine, type Probes } from "../../../src/engine/find.js"

/** A host on which nothing is there but what a case says. */
function host(there: { env?: NodeJS.ProcessEnv; docker?: string; podman?: string; imageCli?: string }): {
  probes: Probes
  asked: string[]
} {
  const asked: string[] = []
  return {
    asked,
    probes: {
      env: there.env ?? {},
      server: (cli) => {
        asked.push(cli)
        return Promise.resolve(there[cli])
      },
      imageCli: () => Promise.resolve(there.imageCli),
      bare: () => {
        asked.push("bare")
        return Promise.resolve({
          instance: "default",
          version: "v1",
          env: { A: "b" },
          cliFolder: "/bin",
          registry: "127.0.0.1:5000",
          base: "",
          baseDigests: { "debian:trixie-slim": "sha256:bare" },
        })
      },
      recordedBases: (address) =>
        address.startsWith("unix://") ? { "debian:trixie-slim": "sha256:recorded" } : undefined,
    },
  }
}

const RUNNER = { _EXPERIMENTAL_DAGGER_RUNNER_HOST: "tcp://engine:1234" }
const options = { bareEngine: true, log: () => undefined }

it.each([
  ["the environment's before all others", { env: RUNNER, docker: "28", podman: "5" }, "environment", []],
  ["Docker before podman", { docker: "28.2.2", podman: "5.1" }, "docker", ["docker"]],
  ["podman before the bare engine", { podman: "5.1" }, "podman", ["docker", "podman"]],
  ["the bare engine last", {}, "bare", ["docker", "podman", "bare"]],
  [
    "an empty variable counts as unset",
    { env: { _EXPERIMENTAL_DAGGER_RUNNER_HOST: "" } },
    "bare",
    ["docker", "podman", "bare"],
  ],
])("takes %s", async (_case, there, kind, order) => {
  const { probes, asked } = host(there)
  expect((await findEngine(options, probes)).kind).toBe(kind)
  expect(asked).toEqual(order)
})

it("says which engine it took and why, and what to set", async () => {
  expect(await findEngine(options, host({ env: { ...RUNNER, _EXPERIMENTAL_DAGGER_CLI_BIN: "/d" } }).probes)).toEqual({
    kind: "environment",
    reason: "_EXPERIMENTAL_DAGGER_RUNNER_HOST is set to tcp://engine:1234",
    env: { ...RUNNER, _EXPERIMENTAL_DAGGER_CLI_BIN: "/d", DO_NOT_TRACK: "1" },
  })
  expect(await findEngine(options, host({ docker: "28.2.2" }).probes)).toEqual({
    kind: "docker",
    version: "28.2.2",
    reason: "docker 28.2.2 is running",
    env: { DO_NOT_TRACK: "1" },
  })
  expect(await findEngine(options, host({}).probes)).toMatchObject({
    env: { A: "b" },
    registry: "127.0.0.1:5000",
    baseDigests: { "debian:trixie-slim": "sha256:bare" },
  })
})

it("names podman to Dagger's client, which would ask Docker first and fail of its client without a daemon", async () => {
  expect(await findEngine(options, host({ podman: "4.3.1" }).probes)).toEqual({
    kind: "podman",
    version: "4.3.1",
    reason: "podman 4.3.1 is running",
    env: {
      DO_NOT_TRACK: "1",
      _EXPERIMENTAL_DAGGER_RUNNER_HOST: "image+podman://registry.dagger.io/engine:v0.19.10",
    },
  })
})

it("takes the command line out of the engine's image if that has one, unless the environment names another", async () => {
  const there = { docker: "28.2.2", imageCli: "/cache/dagger" }
  expect((await findEngine(options, host(there).probes)).env).toEqual({
    DO_NOT_TRACK: "1",
    _EXPERIMENTAL_DAGGER_CLI_BIN: "/cache/dagger",
  })
  const env = { _EXPERIMENTAL_DAGGER_CLI_BIN: "/d" }
  expect((await findEngine(options, host({ ...there, env }).probes)).env).toEqual({ DO_NOT_TRACK: "1", ...env })
})

it("knows what was recorded of a bare engine that the environment names", async () => {
  const env = { _EXPERIMENTAL_DAGGER_RUNNER_HOST: "unix:///run/runner-images/id/engine.sock" }
  expect((await findEngine(options, host({ env }).probes)).baseDigests).toEqual({
    "debian:trixie-slim": "sha256:recorded",
  })
})

it("refuses rather than bring up an engine that is not wanted", async () => {
  const { probes, asked } = host({})
  await expect(findEngine({ ...options, bareEngine: false }, probes)).rejects.toMatchObject({
    code: "ENGINE_UNAVAILABLE",
  })
  expect(asked).toEqual(["docker", "podman"])
})
