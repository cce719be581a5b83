import { ExecError, GraphQLRequestError } from "@dagger.io/dagger"
import { describe, expect, it } from "vitest"
import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { Progress } from "../../../dagger/src/core/progress/progress.js"
import { failureText } from "../../../src/output/failure.js"
import { explain } from "../../../src/session/explain.js"
import { StepRecorder } from "../../../src/session/steps.js"

const step = { scope: "linux/arm64", step: "packages" } as const
const LOG = "/state/logs/1.log"

function failed(stderr: string, cmd: string[] = ["sh", "-ec", "apt-get update\napt-get install -y jq"]): ExecError {
  return new ExecError("process did not complete successfully: exit code: 100", {
    cmd,
    exitCode: 100,
    stdout: "",
    stderr,
  })
}

function explained(error: unknown): RunnerImagesError {
  const result = explain(error, step, LOG)
  if (result instanceof RunnerImagesError) return result
  throw new Error("not explained")
}

describe("a command that failed in a container", () => {
  it("is named with its step, its platform and the end of what it said", () => {
    const said = [...Array.from({ length: 40 }, (_, line) => `line ${String(line)}`), "E: Sub-process dpkg failed", ""]
    const error = explained(failed(said.join("\n")))
    expect(error.exitCode).toBe(1)
    expect(failureText(error)).toMatchInlineSnapshot(`
      "error: The step "packages" for linux/arm64 failed: sh -ec apt-get update … ended with exit code 100. [BUILD_FAILED]
        line 26
        line 27
        line 28
        line 29
        line 30
        line 31
        line 32
        line 33
        line 34
        line 35
        line 36
        line 37
        line 38
        line 39
        E: Sub-process dpkg failed
      Dagger's full log is in /state/logs/1.log."
    `)
  })

  it.each([
    ["apt without a resolver", "E: Failed to fetch http://x/\nE: Temporary failure resolving 'x'", "NETWORK_FAILED", 5],
    ["curl without a host", "curl: (6) Could not resolve host: example.org", "NETWORK_FAILED", 5],
    ["a Go program without a server", "dial tcp 127.0.0.1:5000: connect: connection refused", "NETWORK_FAILED", 5],
    ["a registry without credentials", "unauthorized: authentication required", "AUTHENTICATION", 4],
    ["anything else", "E: Unable to locate package jqq", "BUILD_FAILED", 1],
    [
      "a network failure that was overcome long before",
      ["Temporary failure resolving 'x'", ...Array.from({ length: 8 }, () => "Get:1 …"), "E: broken"].join("\n"),
      "BUILD_FAILED",
      1,
    ],
  ])("is told from others: %s", (_case, stderr, code, exitCode) => {
    expect(explained(failed(stderr))).toMatchObject({ code, exitCode })
  })
})

describe("other failures", () => {
  it("of the engine carry its message", () => {
    const message = 'failed to resolve image "docker.io/library/debian": dial tcp: lookup docker.io: no such host'
    const error = explained(
      new GraphQLRequestError(message, {
        error: { request: { query: "{ container }" }, response: { status: 200 } } as never,
      }),
    )
    expect(error.exitCode).toBe(5)
    expect(failureText(error)).toMatchInlineSnapshot(`
      "error: The step "packages" for linux/arm64 failed. [NETWORK_FAILED]
        failed to resolve image "docker.io/library/debian": dial tcp: lookup docker.io: no such host
      Check this host's network, proxy and name resolution, then run the same command again: finished steps are kept. Dagger's full log is in /state/logs/1.log."
    `)
  })

  it("that are explained already stay as they are", () => {
    const error = new RunnerImagesError("DOWNLOAD_MISMATCH", "x", "y")
    expect(explain(error, step, LOG)).toBe(error)
  })

  it("of this program itself keep their stack", () => {
    const error = new TypeError("x is undefined")
    expect(explain(error, step, LOG)).toBe(error)
  })
})

describe("the recorder of steps", () => {
  const silent = { started: () => undefined, ended: () => undefined, warned: () => undefined, noted: () => undefined }

  it("knows which step an error came from, the innermost of several, also when another failed first", async () => {
    const steps = new StepRecorder(silent)
    const progress = new Progress(steps)
    const fail = (error: Error) => () => Promise.reject(error)
    const first = new Error("first")
    const second = new Error("second")
    await progress.run("linux/amd64", "tools", fail(first)).catch(() => undefined)
    await progress
      .run("all platforms", "build", () => progress.run("linux/arm64", "packages", fail(second)))
      .catch(() => undefined)
    expect(steps.of(second)).toEqual({ scope: "linux/arm64", step: "packages" })
    expect(steps.of(first)).toEqual({ scope: "linux/amd64", step: "tools" })
    expect(steps.of(new Error("wrapped", { cause: second }))).toEqual({ scope: "linux/amd64", step: "tools" })
  })

  it("knows nothing when nothing failed", () => {
    expect(new StepRecorder(silent).of(new Error("x"))).toBeUndefined()
  })
})
