import { connection, dag } from "@dagger.io/dagger"
import { expect, it } from "vitest"
import { fileChecks } from "../../dagger/src/core/checks/static-checks.js"
import { equals, schedule } from "../../dagger/src/core/checks/check.js"
import { execChecks } from "../../dagger/src/core/checks/suite.js"
import { planVariant } from "../../dagger/src/core/plan/plan.js"
import { scanRootfs } from "../../dagger/src/pipeline/checks/inspect.js"
import { openEngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { asPlatform } from "../../dagger/src/pipeline/engine/platform.js"
import { runChecks } from "../../dagger/src/pipeline/checks/smoke.js"
import type { BuildRequest } from "../../dagger/src/core/request/request.js"
import { hostUploads } from "../../src/session/host-uploads.js"

const platform = "linux/arm64" as const
const request: BuildRequest = {
  platforms: [platform],
  variants: ["standard"],
  sources: "registry",
  sudo: false,
  refresh: false,
}

it("catches an x86 program, a library that is gone and a program with capabilities in an arm64 image", async () => {
  await connection(async () => {
    const engineHost = await openEngineHost(hostUploads())
    const clean = dag.container({ platform: asPlatform(platform) }).from(engineHost.base)
    const failed = async (image: typeof clean) => {
      const context = {
        platform,
        emulated: platform !== engineHost.platform,
        plan: planVariant("standard", request, { mode: "registry" as const, reason: "test" }),
        tools: [],
        packages: [],
      }
      const checks = fileChecks(context, await scanRootfs(engineHost, image, platform, []), [])
      // A bare base image has leftovers, which are taken out together with those of the packages on it.
      return checks
        .filter(({ name, status }) => status !== "passed" && name !== "files/leftovers")
        .map(({ name, actual = "" }) => `${name}: ${actual.split(", ")[0] ?? ""}`)
    }
    expect(await failed(clean)).toEqual([])
    const foreignArchitecture = dag
      .container({ platform: asPlatform("linux/amd64") })
      .from(engineHost.base)
      .file("/usr/bin/true")
    // Given natively: nothing of the image is executed.
    const capable = engineHost.toolbox
      .withMountedFile("/run/true", clean.file("/usr/bin/true"))
      .withExec([
        "sh",
        "-c",
        "cp /run/true /capable && setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 /capable",
      ])
      .file("/capable")
    const seeded = clean
      .withFile("/usr/local/bin/seeded", foreignArchitecture)
      .withFile("/usr/local/bin/capable", capable)
      .withoutFile("/usr/lib/aarch64-linux-gnu/libcrypt.so.1")
    expect(await failed(seeded)).toEqual([
      "elf/machine: /usr/local/bin/seeded is 64/62",
      "elf/libraries: /usr/bin/gpasswd needs libcrypt.so.1",
      "files/capabilities: /usr/local/bin/capable",
    ])
  })
})

it("catches programs that are missing, of another version or of another machine, by running them", async () => {
  await connection(async () => {
    const engineHost = await openEngineHost(hostUploads())
    const program = (text: string) => [`#!/bin/sh\n${text}\n`, { permissions: 0o755 }] as const
    const seeded = engineHost.toolbox
      .withNewFile("/usr/local/bin/dpkg", ...program("echo riscv64"))
      .withNewFile("/usr/local/bin/git", ...program("echo git version 1.2.4"))
      .withNewFile("/usr/local/bin/tini", ...program("trap '' TERM; sleep 2; exit 3"))
    const context = {
      platform: engineHost.platform,
      emulated: false,
      plan: planVariant(
        "standard",
        { ...request, platforms: [engineHost.platform] },
        { mode: "registry" as const, reason: "test" },
      ),
      tools: [],
      packages: [{ name: "git", version: "1:1.2.3-1" }],
    }
    const results = await runChecks(engineHost, seeded, execChecks(context))
    const told = ["machine/kernel", "machine/packages", "version/git", "work/json", "process/signals"]
    expect(
      results
        .filter(({ name }) => told.includes(name))
        .map(({ name, status, actual = "", reason = "" }) => [name, status, actual, reason].join(" | ")),
    ).toMatchInlineSnapshot(`
      [
        "version/git | failed | git version 1.2.4 | exit code 0",
        "machine/kernel | passed |  | ",
        "machine/packages | failed | riscv64 | exit code 0",
        "work/json | failed | sh: 1: jq: not found | exit code 127",
        "process/signals | failed | 3 | exit code 0",
      ]
    `)
  })
})

it("tries a check that hangs once more, alone, and takes it for inconclusive if it hangs again", async () => {
  await connection(async () => {
    const engineHost = await openEngineHost(hostUploads())
    const hangs = { proves: "the check ends", expect: equals("answered"), seconds: 0.1 }
    const checks = [
      { ...hangs, name: "test/always", command: "sleep 600" },
      { ...hangs, name: "test/reader", command: "echo answered", after: "test/always", seconds: 20 },
      // The container of the second attempt has the files of the first.
      { ...hangs, name: "test/once", command: "mkdir /tmp/once 2>/dev/null || { echo answered; exit; }; sleep 600" },
      { ...hangs, name: "test/never", command: "echo answered", seconds: 20 },
    ].map((check) => schedule(check, false))
    const results = () => runChecks(engineHost, engineHost.toolbox, checks)
    const expected = [
      ["test/always", "inconclusive", 2],
      ["test/reader", "inconclusive", undefined],
      ["test/once", "passed", 2],
      ["test/never", "passed", undefined],
    ]
    const told = async () => (await results()).map(({ name, status, attempts }) => [name, status, attempts])
    expect(await told()).toEqual(expected)
  })
})
