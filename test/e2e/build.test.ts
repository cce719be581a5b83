import { execa } from "execa"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest"
import { archiveCacheBuster } from "../../dagger/src/core/packages/cache-buster.js"
import type { Report } from "../../dagger/src/core/report/report.js"
import { summariseVariant, type Summary } from "../../src/output/summary.js"
import { ensureOciTools } from "./oci-tools.js"
import { answer, BOTH, commandLine, dagger, layersOf, platformsOf, readReport } from "./entry-points.js"

const work = mkdtempSync(join(tmpdir(), "runner-images-e2e-"))
afterAll(() => {
  rmSync(work, { recursive: true, force: true })
})

const REVISION = "0123456789abcdef0123456789abcdef01234567"
/** What the command line would ask Git for, and the module cannot know. */
const SOURCE = ["--source-url", "https://git.example.com/owner/runner", "--source-revision", REVISION]

/** Builds what is asked for as the first image was built. @returns what was printed */
async function build(output: string, ...more: readonly string[]): Promise<string> {
  const words = ["build", "--sources", "registry", "--platforms", BOTH, "--output", output, ...more, ...SOURCE]
  return answer(await commandLine(...words))
}

const billPath = (platform: string, format: "spdx" | "cdx") => `sbom/${platform.replace("/", "-")}.${format}.json`

function bill(layout: string, platform: string, format: "spdx" | "cdx"): unknown {
  return JSON.parse(readFileSync(join(layout, billPath(platform, format)), "utf8"))
}

/** The packages in dpkg's list as dpkg itself reads it, from the uppermost layer that has the list. */
async function dpkgList(layout: string, platform: string): Promise<string[]> {
  const folder = join(work, `dpkg-${platform.replace("/", "-")}`)
  mkdirSync(folder)
  for (const { digest } of layersOf(layout, platform).reverse()) {
    const blob = join(layout, "blobs", digest.replace(":", "/"))
    const { exitCode } = await execa("tar", ["-xzf", blob, "-C", folder, "var/lib/dpkg/status"], { reject: false })
    if (exitCode !== 0) continue
    const words = ["--admindir", join(folder, "var/lib/dpkg"), "--show", "--showformat", "${Package} ${Version}\\n"]
    return (await execa("dpkg-query", words)).stdout.split("\n")
  }
  throw new Error(`no layer for ${platform} has dpkg's list`)
}

describe("the standard image for both platforms", () => {
  const first = join(work, "first", "standard")
  let report: Report
  let day: string

  /** Skips a test that compares with the first build once midnight has passed: the archive may have moved on in between. */
  const needsSameDay = ({ skip }: TestContext) => {
    skip(archiveCacheBuster(false) !== day, "midnight (UTC) has passed since the first build")
  }

  beforeAll(async () => {
    await ensureOciTools()
    day = archiveCacheBuster(false)
    await build(join(work, "first"))
    report = readReport(first)
  })

  it("passes every smoke test on every platform", () => {
    expect(report.platforms.map(({ platform }) => platform)).toEqual(["linux/amd64", "linux/arm64"])
    for (const { checks } of report.platforms) {
      expect(checks.length).toBeGreaterThanOrEqual(15)
      expect(checks.filter(({ status }) => status !== "passed")).toEqual([])
    }
  })

  it("is an OCI layout beside its reports, and nothing else", () => {
    expect(readdirSync(first).sort()).toEqual([
      "blobs",
      "index.json",
      "oci-layout",
      "report.json",
      "report.md",
      "report.xml",
      "sbom",
    ])
  })

  it("has bills of materials with all packages of dpkg, all tools and all packages of npm", async () => {
    for (const { platform, digest, tools, installed } of report.platforms) {
      const dpkg = await dpkgList(first, platform)
      expect(installed?.packages.map(({ name, version }) => `${name} ${version}`)).toEqual(dpkg)
      // What a tool came with, too.
      expect(installed?.npm.filter(({ path }) => path === "/usr/local/lib/node_modules/npm")).toHaveLength(1)
      expect(installed?.npm.length).toBeGreaterThan(100)
      const npm = new Set(installed?.npm.map(({ name, version }) => `npm:${name}@${version}`))
      const others = tools.filter(({ source }) => !source.startsWith("deb:") && !npm.has(source))
      const count = dpkg.length + npm.size + others.length
      const [root, ...contents] = (bill(first, platform, "spdx") as { packages: { versionInfo: string }[] }).packages
      expect([root?.versionInfo, contents.length]).toEqual([digest, count])
      expect(bill(first, platform, "cdx")).toHaveProperty("components.length", count)
      expect(answer(await commandLine("sbom", first, "--platform", platform))).toBe(
        readFileSync(join(first, billPath(platform, "spdx")), "utf8").trimEnd(),
      )
    }
  })

  it("has an index with exactly the two platforms, as skopeo reads it", async () => {
    const { stdout } = await execa("skopeo", ["inspect", "--raw", `oci:${first}`])
    expect(platformsOf(stdout)).toEqual(["linux/amd64", "linux/arm64"])
  })

  it("can be read by umoci, layer by layer", async () => {
    const { stdout } = await execa("umoci", ["ls", "--layout", first])
    expect(stdout.trim()).toBe("latest")
    for (const { platform, digest, installation } of report.platforms) {
      // Both platforms in the same layers, unless one of them had to be emulated.
      const packages = installation?.method === "emulated" ? ["packages"] : ["packages", "their configuration"]
      const copy = join(work, platform.replace("/", "-"))
      const [, architecture = ""] = platform.split("/")
      await execa("skopeo", [
        "copy",
        "--quiet",
        "--preserve-digests",
        "--override-arch",
        architecture,
        `oci:${first}`,
        `oci:${copy}:it`,
      ])
      const stat = JSON.parse((await execa("umoci", ["stat", "--json", "--image", `${copy}:it`])).stdout) as {
        history: { empty_layer: boolean; created_by: string }[]
      }
      expect(stat.history.map((layer) => layer.created_by)).toEqual([
        "base image",
        ...packages,
        "users and folders",
        "locale",
        "node",
        "npm",
        "yarn",
        "runner",
        "runtime",
        "tool cache",
        "files",
        "setup information",
      ])
      expect(readFileSync(join(copy, "index.json"), "utf8")).toContain(digest)
    }
  })

  it("carries its health, time, history and labels, and no trace of where it was built", async () => {
    for (const platform of report.platforms) {
      const [, architecture = ""] = platform.platform.split("/")
      const { stdout } = await execa("skopeo", ["inspect", "--config", "--override-arch", architecture, `oci:${first}`])
      const config = JSON.parse(stdout) as {
        created: string
        architecture: string
        config: { User: string; Entrypoint: string[]; Labels: Record<string, string> }
        history: { created_by?: string; created?: string }[]
      }
      expect(config.architecture).toBe(architecture)
      expect(config.created).toBe(report.created)
      expect(config.config.User).toBe("1001")
      expect(config.config.Entrypoint).toEqual(["/entrypoint.sh"])
      expect(config.config.Labels["com.github.runner.kind"]).toBe("act")
      expect(config.config.Labels["org.opencontainers.image.source"]).toBe("https://git.example.com/owner/runner")
      expect(config.config.Labels["org.opencontainers.image.revision"]).toBe(REVISION)
      expect(stdout).not.toMatch(/localhost|127\.0\.0\.1/)
      expect(config.history.every(({ created }) => created === report.created)).toBe(true)
    }
  })

  it("starts as root where that is asked for, from the same layers", async () => {
    const [native] = report.platforms
    const folder = join(work, "root")
    const words = ["--sources", "registry", "--platforms", native?.platform ?? "", "--root", "--output", folder]
    answer(await commandLine("build", ...words))
    const layout = join(folder, "standard")
    expect(readReport(layout)).toMatchObject({ root: true })
    expect(layersOf(layout, native?.platform ?? "")).toEqual(layersOf(first, native?.platform ?? ""))
    const { stdout } = await execa("skopeo", ["inspect", "--config", `oci:${layout}`])
    expect((JSON.parse(stdout) as { config: { User: string } }).config.User).toBe("0")
  })

  it("installs the same source versions on both platforms", () => {
    const [amd64, arm64] = report.platforms.map(
      ({ packages }) => new Map(packages.map(({ name, version }) => [name, version.replace(/\+b\d+$/, "")])),
    )
    const common = [...(amd64 ?? new Map<string, string>())].filter(([name]) => arm64?.has(name))
    expect(common.length).toBeGreaterThan(100)
    expect(common.filter(([name, version]) => arm64?.get(name) !== version)).toEqual([])
  })

  it("comes out the same through dagger call", async (context) => {
    needsSameDay(context)
    const second = join(work, "second")
    answer(
      await dagger(
        "call",
        "--sources",
        "registry",
        ...SOURCE,
        "build",
        "--platforms",
        BOTH,
        "export",
        "--path",
        second,
      ),
    )
    expect(readReport(join(second, "standard")).index).toBe(report.index)
    expect(readFileSync(join(second, "standard", "index.json"), "utf8")).toBe(
      readFileSync(join(first, "index.json"), "utf8"),
    )
    const bills = readdirSync(join(first, "sbom")).sort()
    expect(readdirSync(join(second, "standard", "sbom")).sort()).toEqual(bills)
    for (const name of bills)
      expect(readFileSync(join(second, "standard", "sbom", name), "utf8")).toBe(
        readFileSync(join(first, "sbom", name), "utf8"),
      )
  })

  it("runs as a container through dagger call", async () => {
    const run = await dagger(
      "call",
      "container",
      "--platform",
      "linux/arm64",
      "with-exec",
      "--args",
      "uname,-m",
      "stdout",
    )
    expect(answer(run).trim()).toBe("aarch64")
  })

  it("is the same when it is built again, and the answer for programs says so", async (context) => {
    needsSameDay(context)
    const summary = JSON.parse(await build(join(work, "first"), "--force", "--json")) as Summary
    expect(summary.variants.map(({ variant, index }) => ({ variant, index }))).toEqual([
      { variant: "standard", index: report.index },
    ])
    expect(readReport(first).index).toBe(report.index)
    // Every text in a query is sent again with each later request, which once made 624 requests and 243 MB of this.
    expect(summary.traffic.requests).toBeGreaterThan(50)
    expect(summary.traffic.requests).toBeLessThanOrEqual(150)
    expect(summary.traffic.bytes).toBeLessThanOrEqual(3_000_000)
  })

  it("has another commit's label without being checked again", async (context) => {
    needsSameDay(context)
    const other = join(work, "other-commit")
    const words = ["build", "--sources", "registry", "--platforms", BOTH, "--output", other, ...SOURCE.slice(0, -1)]
    answer(await commandLine(...words, "0".repeat(40)))
    const again = readReport(join(other, "standard"))
    expect(again.index).not.toBe(report.index)
    // The engine answers with the earlier run, whose times would otherwise be others.
    const times = ({ platforms }: Report) => platforms.map(({ checks }) => checks.map(({ seconds }) => seconds))
    expect(times(again)).toEqual(times(report))
    expect(
      times(report)
        .flat()
        .filter((seconds) => seconds !== undefined).length,
    ).toBeGreaterThan(50)
  })

  it("is up to date if nothing changed: no session with the engine, and the same answer", async (context) => {
    needsSameDay(context)
    const output = join(work, "first")
    const words = ["build", "--sources", "registry", "--platforms", BOTH, "--output", output, "--json", ...SOURCE]
    const again = await commandLine(...words)
    expect(again.stderr).toBe(`standard is up to date: ${report.index ?? ""} in ${first}`)
    const { variants } = JSON.parse(answer(again)) as Summary
    expect(variants).toEqual([summariseVariant(readReport(first), { directory: first })])
  })

  it("is reproduced from its report by both entry points, and what differs is named", async () => {
    const same = answer(await commandLine("reproduce", first))
    expect(same.split("\n")).toEqual([
      `standard: reproduced, ${report.index ?? ""}`,
      ...report.platforms.map(({ platform, digest }) => `  ${platform}: ${digest ?? ""}`),
    ])
    expect(answer(await dagger("call", "reproduce", "--original", first)).trim()).toBe(same)

    const other = "0".repeat(40)
    const changed = join(work, "other-commit.json")
    writeFileSync(changed, readFileSync(join(first, "report.json"), "utf8").replaceAll(REVISION, other))
    const result = await commandLine("reproduce", first, "--report", changed)
    expect([result.exitCode, result.stderr]).toEqual([3, expect.stringContaining("[REPRODUCTION_DIFFERS]")])
    const label = `config.config.Labels["org.opencontainers.image.revision"]: "${REVISION}" → "${other}"`
    expect(result.stdout.split("\n").filter((line) => line.includes(label))).toHaveLength(2)
    expect(result.stdout).not.toMatch(/layer \d/)
  })

  it("is built again from its own lock", async () => {
    const lock = join(first, "report.json")
    const locked = join(work, "locked")
    await build(locked, "--lock", lock)
    expect(readReport(join(locked, "standard")).index).toBe(report.index)
  })
})
