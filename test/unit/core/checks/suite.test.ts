import { describe, expect, it } from "vitest"
import type { CheckContext } from "../../../../dagger/src/core/checks/check.js"
import { execChecks } from "../../../../dagger/src/core/checks/suite.js"
import { expectedTools } from "../../../../dagger/src/core/plan/expected-tools.js"
import { planVariant } from "../../../../dagger/src/core/plan/plan.js"
import { PLATFORMS, type PlatformName } from "../../../../dagger/src/core/platforms.js"
import { VARIANTS, type VariantName } from "../../../../dagger/src/core/variants/names.js"

/** Not every tool's upstream checksum is known, and what has none cannot be planned. */
const MODES = { standard: ["registry", "upstream"], chrome: ["registry"], "chrome-go": ["registry"] } as const

const CASES = VARIANTS.flatMap((variant) =>
  MODES[variant].flatMap((mode) =>
    PLATFORMS.flatMap((platform) => [true, false].map((emulated) => ({ variant, mode, platform, emulated }))),
  ),
)

interface Case {
  variant: VariantName
  mode: "registry" | "upstream"
  platform: PlatformName
  emulated: boolean
}

/** What a check knows when every package that the variant asks for was resolved to version 1.2.3. */
function contextOf({ variant, mode, platform, emulated }: Case): CheckContext {
  const request = { platforms: [platform], variants: [variant], sources: mode, sudo: false, refresh: false }
  const plan = planVariant(variant, request, { mode, reason: "test" })
  const [platformPlan] = plan.platforms
  if (!platformPlan) throw new Error("no plan")
  const packages = platformPlan.packages.map((name) => ({ name, version: "1.2.3-1", sha256: "0".repeat(64) }))
  return {
    platform,
    emulated,
    plan,
    tools: expectedTools(platformPlan, packages, { version: "0.1.0", module: "act@v0.1.0" }),
    packages,
  }
}

describe.each(CASES)("the checks of $variant from $mode on $platform, emulated: $emulated", (given) => {
  const checks = execChecks(contextOf(given))

  it("are at least forty that run", () => {
    expect(checks.filter(({ skip }) => skip === undefined).length).toBeGreaterThanOrEqual(40)
  })

  it("have names of their own, in groups", () => {
    const names = checks.map(({ name }) => name)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
    expect(names.filter((name) => !/^[a-z]+\/[A-Za-z0-9+-]+$/.test(name))).toEqual([])
  })

  it("each prove something, and can fail", () => {
    const empty = checks.filter(({ proves, command }) => !/^[a-zA-Z].{9,}[^.]$/.test(proves) || command.trim() === "")
    expect(empty.map(({ name }) => name)).toEqual([])
    const undemanding = checks.filter(
      ({ expect }) =>
        (expect.kind === "contains" && expect.value === "") || (expect.kind === "matches" && expect.pattern.test("")),
    )
    expect(undemanding.map(({ name }) => name)).toEqual([])
  })
})

it("expect the platform's machine and the versions known before the installation", () => {
  const context: CheckContext = {
    ...contextOf({ variant: "standard", mode: "registry", platform: "linux/arm64", emulated: false }),
    tools: [{ name: "docker", version: "26.1.5+dfsg1-9+b9", source: "deb:docker-cli" }],
    packages: [{ name: "git", version: "1:2.47.3-0+deb13u1" }],
  }
  const expectation = (name: string) => execChecks(context).find((check) => check.name === name)?.expect
  expect(expectation("machine/kernel")).toEqual({ kind: "equals", value: "aarch64" })
  expect(expectation("version/git")).toEqual({ kind: "contains", value: "2.47.3" })
  expect(expectation("version/docker")).toEqual({ kind: "contains", value: "26.1.5" })
})
