import { execa } from "execa"
import { generateKeyPairSync, sign } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { afterEach, describe, expect, it, vi } from "vitest"
import { updatePins } from "../../../dagger/src/core/catalog/releases/update.js"
import { TOOL_ENTRIES } from "../../../dagger/src/core/catalog/tools.js"
import { parseMirror } from "../../../dagger/src/core/text/mirror.js"
import { PlainTerminal } from "../../../src/output/plain.js"
import { runCatalogUpdate } from "../../../src/runs/catalog.js"
import { TRUST, verifiersOf } from "../../../src/signatures/verifiers.js"
import { vendorAccess } from "../../../src/runs/vendor-access.js"
import { pinningAccess } from "../../../src/runs/pinning-access.js"
import { Interrupts } from "../../../src/session/interrupt.js"
import { PINS_TEXT } from "../../unit/core/catalog/pins.js"
import {
  githubRelease,
  RUNNER_RELEASES,
  runnerAssets,
  vendors,
  type Answers,
  type Vendors,
} from "../../unit/core/catalog/releases/vendors.js"
import { commandLine, refusal, WORK } from "../../unit/cli/command-line.js"

let running: Vendors | undefined
afterEach(() => running?.close())

/** The program with vendors on this host, npm's registry among them, and no Go modules. */
async function catalog(words: readonly string[], answers: Answers) {
  running = await vendors(answers)
  const { url } = running
  const env = {
    npm_config_registry: `${url}/npm/`,
    npm_config_fetch_retries: "0",
    GOPROXY: "off",
    GOTOOLCHAIN: "local",
  }
  const found = await commandLine(["catalog", ...words, "--mirror", url], env)
  const clean = (text: string) => text.replaceAll(url, "<mirror>").replaceAll(/out for \d+ days/g, "out for N days")
  return { ...found, stdout: clean(found.stdout), stderr: clean(found.stderr) }
}

const newer = (day: string) => ({ [RUNNER_RELEASES]: [githubRelease("999.0.0", day, runnerAssets("999.0.0"))] })
const DAY = 86_400_000
const daysAgo = (days: number) => new Date(Date.now() - days * DAY).toISOString().slice(0, 10)

describe("catalog check", () => {
  it("finds nothing wrong with the project's, and asks nobody", async () => {
    const { exitCode, stdout, stderr } = await catalog(["check"], {})
    expect({ exitCode, stderr, asked: running?.asked }).toEqual({ exitCode: 0, stderr: "", asked: [] })
    expect(stdout.split("\n").at(-1)).toMatch(/^The catalog is valid: \d+ files and packages\.$/)
  })

  it.each([
    ["fails when a newer runner has been out for too long", 31, 3],
    ["warns when it will be", 12, 0],
  ])("--max-age %s", async (_, days, exitCode) => {
    const found = await catalog(["check", "--max-age", "30", "--json"], newer(daysAgo(days)))
    const { warnings } = JSON.parse(found.stdout) as { warnings: string[] }
    expect(found.exitCode).toBe(exitCode)
    expect(warnings.some((text) => text.includes("999.0.0 has been out for"))).toBe(exitCode === 0)
    expect(found.stderr.includes('"code":"RUNNER_OLD"')).toBe(exitCode !== 0)
  })

  it("--max-age warns when GitHub does not answer", async () => {
    const { exitCode, stdout } = await catalog(["check", "--max-age", "30"], { [RUNNER_RELEASES]: 503 })
    expect(exitCode).toBe(0)
    expect(stdout.split("\n").find((line) => line.includes("The pinned runner"))).toMatch(
      /it is unknown whether there is a newer one: <mirror>\/api\.github\.com\/\S+ returned 503\.$/,
    )
  })
})

it("catalog outdated asks npm's registry by npm, and says of each vendor who is silent", async () => {
  const versions = { "1.0.0": {}, "998.0.0": {}, "999.0.0-beta.1": {} }
  const packument = {
    name: "playwright",
    "dist-tags": { latest: "998.0.0" },
    versions,
    time: { "998.0.0": "2026-11-20T00:00:00Z" },
  }
  const { exitCode, stdout } = await catalog(["outdated", "playwright", "runner", "--json"], {
    "npm/playwright": packument,
  })
  expect(exitCode).toBe(0)
  const compared = JSON.parse(stdout) as {
    tool: string
    state: string
    newest?: { version: string; released: string }
  }[]
  expect(
    compared.map(({ tool, state, newest }) => ({ tool, state, version: newest?.version, released: newest?.released })),
  ).toMatchInlineSnapshot(`
    [
      {
        "released": "2026-11-20",
        "state": "outdated",
        "tool": "playwright",
        "version": "998.0.0",
      },
      {
        "released": undefined,
        "state": "unreachable",
        "tool": "runner",
        "version": undefined,
      },
    ]
  `)
})

it("catalog update verifies the signature that npm gives of a package", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const [name, version, integrity] = ["yarn", "1.99.0", `sha512-${"B".repeat(86)}==`]
  const sig = sign("sha256", Buffer.from(`${name}@${version}:${integrity}`), privateKey).toString("base64")
  const dist = { integrity, tarball: "https://registry.test/yarn.tgz", signatures: [{ keyid: "SHA256:test", sig }] }
  running = await vendors({
    "npm/yarn": { name, "dist-tags": { latest: version }, versions: { [version]: { name, version, dist } }, time: {} },
  })
  vi.stubEnv("npm_config_registry", `${running.url}/npm/`)
  const npm = { "SHA256:test": publicKey.export({ type: "spki", format: "der" }).toString("base64") }
  const access = { ...vendorAccess(), verifiers: verifiersOf({ ...TRUST, npm }) }
  const { text, updates } = await updatePins(PINS_TEXT, ["yarn"], TOOL_ENTRIES, access).finally(() =>
    vi.unstubAllEnvs(),
  )
  expect(updates).toMatchObject([{ state: "updated", to: version, signature: { by: "npm-signature" } }])
  expect(text).toContain("    verified:\n      by: npm-signature\n      key: SHA256:test\n")
})

it("catalog update writes the pins, prints their diff, and fails for who was silent", async () => {
  running = await vendors(newer("2026-10-01"))
  const pins = join(WORK, "pins.yaml")
  writeFileSync(pins, PINS_TEXT)
  const answers: string[] = []
  const terminal = new PlainTerminal(new PassThrough())
  const context = {
    terminal,
    interrupts: new Interrupts(() => undefined),
    answer: (text: string) => void answers.push(text),
  }
  const update = (...tools: ("runner" | "buildx")[]) =>
    runCatalogUpdate(context, { pins, json: false }, pinningAccess(parseMirror(running?.url ?? "")), tools)
  await update("runner")
  expect(answers.splice(0).join("\n")).toMatchInlineSnapshot(`
    "runner (upstream): updated, 2.338.0 → 999.0.0

    --- a/pins.yaml
    +++ b/pins.yaml
    @@ -1,13 +1,13 @@
     # Pins of a day in November 2026, for tests: they stay when the project's are updated.
     
     runner:
       upstream:
    -    version: 2.338.0
    -    released: unknown
    +    version: 999.0.0
    +    released: 2026-10-01
         sha256:
    -      linux/amd64: af4b794c1bc41d73d40535e3fe092a39f9679cd8d965954c2aca25a05ca41d32
    -      linux/arm64: 628b4a7258487b80c1d3c221095a7ded349f5ae0175fd3dfab708d07428f041b
    +      linux/amd64: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    +      linux/arm64: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
     
     node:
       upstream:
         version: 24.21.0

    Review it, then: npm run docs"
  `)
  expect(
    (await execa("diff", ["-U0", "-", pins], { input: PINS_TEXT, reject: false })).stdout.split("\n").length,
  ).toBeGreaterThan(6)
  const written = readFileSync(pins, "utf8")
  await expect(update("runner", "buildx")).rejects.toMatchObject({ code: "UPSTREAM_UNREACHABLE", exitCode: 5 })
  expect(readFileSync(pins, "utf8")).toBe(written)
})

describe.concurrent("an error on the command line is refused:", () => {
  it("a misspelt tool", async ({ expect }) => {
    expect(await refusal("catalog", "update", "chromdriver")).toMatchInlineSnapshot(`
      "2
      error: There is no tool "chromdriver" in the catalog. [TOOL_UNKNOWN]
      Did you mean chromedriver?"
    `)
  })
  it("an unknown tool", async ({ expect }) => {
    expect(await refusal("catalog", "outdated", "terraform")).toMatchInlineSnapshot(`
      "2
      error: There is no tool "terraform" in the catalog. [TOOL_UNKNOWN]
      Choose from runner, node, npm, yarn, docker, buildx, compose, gh, go, chrome, chromedriver, playwright-core, playwright."
    `)
  })
  it("an age that is none", async ({ expect }) => {
    expect(await refusal("catalog", "check", "--max-age", "month")).toMatchInlineSnapshot(`
      "2
      error: --max-age "month" is not a number of days. [USAGE]
      Give one, as in --max-age 30."
    `)
  })
  it("a mirror that is no URL", async ({ expect }) => {
    expect(await refusal("catalog", "outdated", "--mirror", "mirror.example")).toMatchInlineSnapshot(`
      "2
      error: "mirror.example" is not a URL. [MIRROR_INVALID]
      Write it as in https://mirror.example.com/upstream."
    `)
  })
  it.each(["http://127.0.0.1:9/up", "http://mirror.example.com/up", "http://user:secret@mirror.example.com/up"])(
    "a mirror without TLS to learn checksums from: %s",
    async (mirror) => {
      expect(await refusal("catalog", "update", "runner", "--mirror", mirror)).toBe(
        "2\n" +
          `error: The mirror ${mirror.replace("user:secret@", "")} has no TLS, so anyone on the way to it could choose the checksums that are pinned. [MIRROR_INVALID]\n` +
          "Give an https URL, or leave --mirror out; builds may use this one, because they verify every file.",
      )
    },
  )
  it("a misspelt command", async ({ expect }) => {
    expect(await refusal("catalog", "outdate")).toMatchInlineSnapshot(`
      "2
      error: There is no command "catalog outdate". [USAGE]
      Did you mean outdated?"
    `)
  })
  it("no command", async ({ expect }) => {
    expect(await refusal("catalog")).toMatchInlineSnapshot(`
      "2
      error: Give one of: check, outdated, update. [USAGE]
      Run runner-images --help."
    `)
  })
})
