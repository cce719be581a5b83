import { execFileSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import {
  execChecks,
  judge,
  readExecutions,
  smokeProgram,
  type CheckContext,
  type ExecCheck,
} from "../../../dagger/src/core/checks.js"
import { planVariant } from "../../../dagger/src/core/plan.js"

const request = {
  platforms: ["linux/arm64" as const],
  variants: ["standard" as const],
  sources: "registry" as const,
  sudo: false,
  refresh: false,
}
const plan = planVariant("standard", request, { mode: "registry", reason: "test" })
const context: CheckContext = {
  platform: "linux/arm64",
  plan,
  tools: [{ name: "docker", version: "26.1.5+dfsg1-9+b9", source: "deb:docker-cli" }],
  packages: [{ name: "git", version: "1:2.47.3-0+deb13u1" }],
}

describe("the smoke program", () => {
  const checks: ExecCheck[] = [
    {
      name: "a",
      proves: "",
      command: 'echo "it\'s quoted"; echo second >&2',
      expect: { kind: "equals", value: "it's quoted\nsecond" },
    },
    { name: "b", proves: "", command: "echo before; exit 3", expect: { kind: "equals", value: "before" } },
    { name: "c", proves: "", command: "false", expect: { kind: "fails" } },
    { name: "d", proves: "", command: "cat", expect: { kind: "equals", value: "" } },
  ]
  const executions = readExecutions(execFileSync("bash", ["-c", smokeProgram(checks)], { encoding: "utf8" }))
  const results = checks.map((check, index) => judge(check, executions.get(index)))

  it("runs every check in a shell of its own and keeps its output and exit code apart", () => {
    expect(results.map(({ status }) => status)).toEqual(["passed", "failed", "passed", "passed"])
    expect(results[1]).toMatchObject({ actual: "before", expected: "before", reason: "exit code 3" })
  })

  it("fails a check that did not run", () => {
    expect(judge(checks[0] as ExecCheck, undefined)).toMatchObject({
      status: "failed",
      reason: "the check did not run",
    })
  })
})

describe("the checks of an image", () => {
  it("are at least fifteen, with names of their own", () => {
    const names = execChecks(context).map(({ name }) => name)
    expect(names.length).toBeGreaterThanOrEqual(15)
    expect(new Set(names).size).toBe(names.length)
  })

  it("expect the platform's machine and the versions known before the installation", () => {
    const expectation = (name: string) => execChecks(context).find((check) => check.name === name)?.expect
    expect(expectation("machine/kernel")).toEqual({ kind: "equals", value: "aarch64" })
    expect(expectation("version/git")).toEqual({ kind: "contains", value: "2.47.3" })
    expect(expectation("version/docker")).toEqual({ kind: "contains", value: "26.1.5" })
  })
})
