import { execFileSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import {
  execChecks,
  judge,
  readExecutions,
  smokeProgram,
  staticChecks,
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

describe("the static checks", () => {
  const clean = {
    files: 2,
    elf: { "64/183": { count: 1, examples: ["/bin/a"] } },
    setuid: ["/usr/bin/su 4755"],
    leftovers: [],
  }
  const config = { user: "1001", workdir: "/home/runner", entrypoint: ["/init"], environment: plan.environment }
  const failures = (scan: typeof clean, changed = config) =>
    staticChecks(context, scan, changed, ["/init"]).filter(({ status }) => status === "failed")

  it("pass on a clean image", () => {
    expect(failures(clean)).toEqual([])
  })

  it("name a program of another machine", () => {
    const elf = { ...clean.elf, "64/62": { count: 1, examples: ["/usr/local/bin/seeded"] } }
    expect(failures({ ...clean, elf })).toMatchObject([
      { name: "elf/machine", actual: "64/62: 1 (/usr/local/bin/seeded)" },
    ])
  })

  it("name an unknown setuid program, a leftover and a wrong user", () => {
    expect(
      failures(
        { ...clean, setuid: ["/usr/bin/nmap 4755"], leftovers: ["/var/log/a"] as never[] },
        { ...config, user: "root" },
      ).map(({ name }) => name),
    ).toEqual(["files/setuid", "files/leftovers", "config/user"])
  })

  it("fail on an image without programs", () => {
    expect(failures({ ...clean, elf: {} as typeof clean.elf })).toMatchObject([
      { name: "elf/machine", actual: "no ELF files" },
    ])
  })
})
