import { connection, dag } from "@dagger.io/dagger"
import { expect, it } from "vitest"
import { staticChecks } from "../../dagger/src/core/checks.js"
import { planVariant } from "../../dagger/src/core/plan.js"
import { native } from "../../dagger/src/pipeline/native.js"
import { asPlatform } from "../../dagger/src/pipeline/platform.js"
import { scanRootfs } from "../../dagger/src/pipeline/smoke.js"

const platform = "linux/arm64" as const
const request = {
  platforms: [platform],
  variants: ["standard" as const],
  sources: "registry" as const,
  sudo: false,
  refresh: false,
}

it("catches an x86 program in an arm64 image", async () => {
  await connection(async () => {
    const side = await native(undefined)
    const alien = dag
      .container({ platform: asPlatform("linux/amd64") })
      .from(side.base)
      .file("/usr/bin/true")
    const clean = dag.container({ platform: asPlatform(platform) }).from(side.base)
    const machineCheck = async (image: typeof clean) => {
      const context = {
        platform,
        plan: planVariant("standard", request, { mode: "registry" as const, reason: "test" }),
        tools: [],
        packages: [],
      }
      const config = { user: "1001", workdir: "/home/runner", entrypoint: [], environment: {} }
      return staticChecks(context, await scanRootfs(side, image), config, []).find(({ name }) => name === "elf/machine")
    }
    expect(await machineCheck(clean)).toMatchObject({ status: "passed" })
    expect(await machineCheck(clean.withFile("/usr/local/bin/seeded", alien))).toMatchObject({
      status: "failed",
      actual: "64/62: 1 (/usr/local/bin/seeded)",
    })
  })
})
