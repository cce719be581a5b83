import { execa } from "execa"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { parseDocument } from "yaml"
import { z } from "zod"
import { PINS, UNKNOWN } from "../../../dagger/src/core/catalog/catalog.js"
import { PLATFORMS } from "../../../dagger/src/core/platforms.js"
import { resolveDefinition } from "../../../dagger/src/core/variants/definitions.js"
import { copyCheckout, writePins } from "../../checkout.js"
import { platformReport, report } from "../../unit/core/report/reports.js"
import { cacheless, WORK } from "../../unit/cli/command-line.js"

const checkout = join(WORK, "unverified")

/** Every file of the vendors is there. */
const vendors = createServer((_, response) => response.writeHead(206).end("1"))
let mirror = ""

beforeAll(async () => {
  copyCheckout(checkout)
  await new Promise<void>((resolve) => vendors.listen(0, "127.0.0.1", resolve))
  mirror = `http://127.0.0.1:${String((vendors.address() as AddressInfo).port)}`
})
afterAll(() => {
  vendors.closeAllConnections()
  vendors.close()
})

/** Makes the copy's catalog have every checksum but these. */
function pin(unknown: readonly string[][]): void {
  const pins = parseDocument(readFileSync(PINS, "utf8"), { schema: "failsafe" })
  for (const [digit, platform] of PLATFORMS.entries())
    pins.setIn(["chromedriver", "upstream", "sha256", platform], String(digit).repeat(64))
  for (const place of unknown) pins.setIn(place, UNKNOWN)
  writePins(checkout, pins.toString({ lineWidth: 0 }))
}

/** The copy's command line. The engine that it is told of does not exist. */
async function run(unknown: readonly string[][], ...words: string[]) {
  pin(unknown)
  const env = { ...cacheless, XDG_CACHE_HOME: join(WORK, "cache") }
  const result = await execa(join(checkout, "runner-images"), words, {
    cwd: WORK,
    reject: false,
    stdin: "ignore",
    env,
  })
  const { exitCode, stdout } = result
  const stderr = result.stderr.replaceAll(/\d+(\.\d+)+/g, "VERSION").replaceAll(/\bv?VERSION-\w+/g, "VERSION")
  return { exitCode, stdout, stderr }
}

const GH = ["gh", "upstream", "sha256", "linux/arm64"]
const NODE = ["node", "registry", "integrity", "linux/arm64"]
const YARN = ["yarn", "registry", "integrity"]

it.each([
  ["a vendor's file", "build", ["--sources", "upstream"], [GH]],
  ["a package", "build", ["--sources", "registry"], [NODE]],
  ["the only source's package", "build", ["--sources", "auto"], [YARN]],
  ["both sources' files", "build", ["--sources", "auto"], [NODE, ["node", "upstream", "sha256", "linux/amd64"]]],
])("%s without a checksum is refused before any work if it would be used", async (_, command, words, unknown) => {
  const { exitCode, stdout, stderr } = await run(unknown, command, ...words)
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" })
  expect(stderr).toMatchSnapshot()
})

it.each([
  ["a vendor's file", "upstream", [GH]],
  ["a package", "registry", [NODE]],
])("%s of a platform that is not built needs no checksum", async (_, sources, unknown) => {
  const { exitCode, stderr } = await run(unknown, "build", "--sources", sources, "--platforms", "linux/amd64")
  expect(exitCode).toBe(1)
  expect(stderr).toContain("[ENGINE_UNAVAILABLE]")
})

/** Plans with the copy's catalog: what the given platform of an engine that builds for linux/arm64 has, or the error. */
const PLAN = `
  import { planBuild } from "./dagger/src/core/plan/build-plan.js"
  const [sources, enginePlatform] = process.argv.slice(1)
  const request = { platforms: ["linux/arm64"], variants: ["standard"], sources, sudo: false, refresh: false }
  try {
    const { part } = planBuild(request, { mode: sources, reason: "" }, enginePlatform)
    console.log(part("standard", enginePlatform).added.tools.some(({ sha256, integrity }) => (sha256 ?? integrity) === "unknown"))
  } catch (error) {
    console.log(error.code)
  }
`

it.each([
  ["upstream", "linux/amd64", ["gh", "upstream", "sha256", "linux/amd64"], "true"],
  ["registry", "linux/amd64", ["node", "registry", "integrity", "linux/amd64"], "true"],
  ["upstream", "linux/arm64", GH, "CHECKSUM_UNKNOWN"],
  ["registry", "linux/arm64", NODE, "CHECKSUM_UNKNOWN"],
])("images from %s are planned without a checksum for %s only if nobody builds for it", async (...given) => {
  const [sources, platform, unknown, expected] = given
  pin([unknown])
  const words = ["--import", "tsx", "--input-type=module", "--eval", PLAN, sources, platform]
  const { stdout, stderr } = await execa("node", words, { cwd: checkout, reject: false })
  expect({ stdout, stderr }).toEqual({ stdout: expected, stderr: "" })
})

const plans = z.array(
  z.object({
    sources: z.object({ tools: z.record(z.string(), z.object({ from: z.string(), reason: z.string() })) }),
  }),
)

it("auto takes such a tool, and what must be decided with it, from the registry, and says why", async () => {
  const words = ["--sources", "auto", "--variants", "chrome", "--platforms", "linux/arm64", "--mirror", mirror]
  const unknown = [GH, ["chromedriver", "upstream", "sha256", "linux/arm64"]]
  const { exitCode, stdout, stderr } = await run(unknown, "plan", "--json", ...words)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
  const [{ sources } = { sources: { tools: {} } }] = plans.parse(JSON.parse(stdout))
  const reasons = Object.entries(sources.tools).flatMap(([name, { from, reason }]) =>
    reason.startsWith("the catalog has no checksum for ")
      ? [[name, from, reason.replaceAll(/https:\S+\//g, "…/").replaceAll(/\d+(\.\d+)+/g, "VERSION")]]
      : [],
  )
  expect(reasons).toMatchInlineSnapshot(`
    [
      [
        "gh",
        "registry",
        "the catalog has no checksum for …/gh_VERSION_linux_arm64.tar.gz",
      ],
      [
        "chrome",
        "registry",
        "the catalog has no checksum for …/chromedriver-linux-arm64.zip",
      ],
      [
        "chromedriver",
        "registry",
        "the catalog has no checksum for …/chromedriver-linux-arm64.zip",
      ],
    ]
  `)
  expect(sources.tools.runner?.from).toBe("upstream")
})

it("an image is not made again with a file that this version cannot verify", async () => {
  const upstream = { from: "upstream", reason: "the pinned files are on their servers" } as const
  const { tools } = resolveDefinition("standard", undefined)
  const sources = { requested: "auto", tools: Object.fromEntries(tools.map((name) => [name, upstream])) } as const
  const request = { base: "debian:trixie-slim", compression: "gzip" }
  const platforms = [platformReport("linux/arm64", { base: `debian:trixie-slim@sha256:${"b".repeat(64)}` })]
  const original = report({ sources, request, platforms, index: `sha256:${"c".repeat(64)}` })
  mkdirSync(join(WORK, "original"), { recursive: true })
  writeFileSync(join(WORK, "original/report.json"), JSON.stringify(original))
  const { exitCode, stdout, stderr } = await run([GH], "reproduce", "original")
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" })
  expect(stderr).toMatchInlineSnapshot(`
    "error: The catalog has no checksum for https://github.com/cli/cli/releases/download/vVERSION/gh_VERSION_linux_arm64.tar.gz, so it cannot be verified. [CHECKSUM_UNKNOWN]
    Check out the commit that the original was built from."
  `)
})
