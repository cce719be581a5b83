import { execa } from "execa"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"
import { SOURCES_CHECK } from "../../dagger/src/core/checks/static-checks.js"
import { readSourcesLabel, SOURCES_LABEL } from "../../dagger/src/core/plan/sources-label.js"
import { platformOfNodeArch } from "../../dagger/src/core/platforms.js"
import type { Report } from "../../dagger/src/core/report/report.js"
import { copyCheckout, writePins } from "../checkout.js"
import { LOCAL_REGISTRY, withRegistryLogin } from "../local-registry.js"
import { answer, commandLineIn, daggerIn, readReport, refusal } from "./entry-points.js"
import { makeVendorFiles, pinsFor } from "./vendor-files.js"

const MINUTE = 60_000
const platform = platformOfNodeArch(process.arch) ?? "linux/amd64"
const work = mkdtempSync(join(tmpdir(), "runner-images-sources-"))
const checkout = join(work, "checkout")
const files = join(work, "files")
const output = join(work, "dist")
const chrome = join(output, "chrome")

/** The vendors, by host and path: everything but ChromeDriver. */
const requests: { path: string; range: string | undefined; status: number }[] = []
const server = createServer((request, response) => {
  const path = decodeURIComponent(request.url ?? "/")
  const { range } = request.headers
  const file = join(files, path)
  if (!existsSync(file)) {
    requests.push({ path, range, status: 404 })
    response.writeHead(404).end()
    return
  }
  const content = readFileSync(file)
  const body = range === "bytes=0-0" ? content.subarray(0, 1) : content
  const status = body === content ? 200 : 206
  requests.push({ path, range, status })
  response.writeHead(status, { "content-length": body.length }).end(body)
})

let mirror = ""
let stderr = ""
let report: Report
const commandLine = (...words: string[]) => commandLineIn(checkout, ...words)
const shared = ["--sources", "auto"]
const build = ["--variants", "chrome", "--platforms", platform]

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  mirror = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  const vendors = await makeVendorFiles(files, platform)
  // Only the pins differ: the files that they name are not those of the vendors.
  copyCheckout(checkout)
  writePins(checkout, pinsFor(vendors, platform))
  await execa("git", ["init", "--quiet"], { cwd: checkout })
  const result = await commandLine("build", ...shared, ...build, "--mirror", mirror, "--output", output)
  answer(result)
  stderr = result.stderr
  report = readReport(chrome)
}, 60 * MINUTE)

afterAll(() => {
  server.close()
  server.closeAllConnections()
  rmSync(work, { recursive: true, force: true })
})

const MISSING =
  /^1 of 2 pinned files cannot be had: http:\/\/127\.0\.0\.1:\d+\/storage\.googleapis\.com\/\S+\/chromedriver-\S+\.zip \(the server answers 404\)$/
const UPSTREAM = ["buildx", "compose", "docker", "gh", "node", "npm", "runner"]
const REGISTRY = ["chrome", "chromedriver", "playwright", "playwright-core", "yarn"]

describe("vendors that have everything but ChromeDriver, and --sources auto --variants chrome", () => {
  it("give an image with the official runner and the distribution's browser", () => {
    expect(report.runner.kind).toBe("official")
    const [{ tools, checks } = { tools: [], checks: [] }] = report.platforms
    const sources = new Map(tools.map(({ name, source }) => [name, source]))
    expect(sources.get("runner")).toMatch(/^https:\/\/github\.com\/actions\/runner\/releases\/download\//)
    expect(sources.get("node")).toMatch(/^https:\/\/nodejs\.org\/dist\//)
    expect(sources.get("chrome")).toBe("deb:chromium")
    expect(sources.get("chromedriver")).toBe("deb:chromium-driver")
    expect(checks.filter(({ status }) => status !== "passed" && status !== "skipped")).toEqual([])
    expect(checks.find(({ name }) => name === SOURCES_CHECK)).toMatchObject({ status: "passed" })
    expect(checks.find(({ name }) => name === "browser/session")).toMatchObject({ status: "passed" })
  })

  it("report each tool's source with the reason, and print it", () => {
    expect(report.sources.requested).toBe("auto")
    const from = (kind: string) => Object.entries(report.sources.tools).filter(([, tool]) => tool.from === kind)
    expect(
      from("upstream")
        .map(([name]) => name)
        .sort(),
    ).toEqual(UPSTREAM)
    expect(
      from("registry")
        .map(([name]) => name)
        .sort(),
    ).toEqual(REGISTRY)
    for (const name of ["chrome", "chromedriver"]) expect(report.sources.tools[name]?.reason).toMatch(MISSING)
    expect(stderr).toMatch(/warning: tools from registry: chrome, chromedriver; 1 of 2 pinned files cannot be had: /)
    expect(stderr).toMatch(/tools from upstream: node, npm, .*runner; the pinned files are on their servers/)
  })

  it("are asked once before the build, and nothing of the browser is downloaded", () => {
    const asked = requests
      .filter(({ range }) => range === "bytes=0-0")
      .map(({ path, status }) => `${path} ${String(status)}`)
    expect(new Set(asked).size).toBe(asked.length)
    expect(asked).toHaveLength(UPSTREAM.length - 1 + 2)
    expect(asked.filter((line) => line.endsWith(" 404")).join()).toMatch(/chromedriver/)
    const fetched = requests.filter(({ range }) => range !== "bytes=0-0").map(({ path }) => path)
    expect(fetched.length).toBeGreaterThan(0)
    expect(fetched.filter((path) => path.includes("chrome"))).toEqual([])
  })

  it("are named by the image's own label", () => {
    const label = labelIn(chrome)
    expect(readSourcesLabel(label)).toEqual(
      Object.fromEntries([
        ...UPSTREAM.map((name) => [name, "upstream"]),
        ...REGISTRY.map((name) => [name, "registry"]),
      ]),
    )
  })

  it("are an error with --sources upstream", async () => {
    const result = await commandLine("plan", "--sources", "upstream", ...build, "--mirror", mirror)
    expect(refusal(result, 5)).toMatch(
      /^error: 1 of 8 pinned files cannot be had: .*chromedriver-.* \(the server answers 404\)\. \[UPSTREAM_UNREACHABLE\]/,
    )
  })

  it(
    "give the same image through dagger call",
    async () => {
      const called = join(work, "called")
      const service = mirror.replace("http://", "tcp://")
      const words = ["call", ...shared, "--mirror", mirror, "--mirror-service", service, "build", ...build]
      const ended = await daggerIn(checkout, ...words, "export", "--path", called)
      answer(ended)
      const found = readReport(join(called, "chrome"))
      expect(found.index).toBe(report.index)
      expect(found.sources).toEqual(report.sources)
    },
    30 * MINUTE,
  )

  it.skipIf(LOCAL_REGISTRY === "")(
    "can be published, under the usual tag and with the label",
    async () => {
      const repository = `${LOCAL_REGISTRY}/e2e/sources`
      const target = ["--repository", repository, "--tags", "auto"]
      const {
        exitCode,
        stdout,
        stderr: said,
      } = await commandLine("publish", ...shared, ...build, "--mirror", mirror, ...target)
      expect(exitCode, said).toBe(0)
      expect(stdout).toBe(`${repository}-chrome@${report.index ?? ""}`)
      const inspect = ["inspect", "--config", "--tls-verify=false", `docker://${repository}-chrome:auto`]
      const config = await withRegistryLogin((env) => execa("skopeo", inspect, { env }))
      expect(labelsSchema.parse(JSON.parse(config.stdout)).config.Labels[SOURCES_LABEL]).toBe(labelIn(chrome))
    },
    30 * MINUTE,
  )

  it(
    "are made again as they were, although the vendor has ChromeDriver by then",
    async () => {
      const missing = requests.find(({ status }) => status === 404)?.path ?? "none"
      writeFileSync(join(files, missing), "never asked for")
      const before = requests.length
      const { exitCode, stdout, stderr: said } = await commandLine("reproduce", chrome, "--mirror", mirror, "--json")
      expect(exitCode, said).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ equal: true, rebuilt: report.index })
      expect(requests.slice(before).filter(({ range }) => range === "bytes=0-0")).toEqual([])
    },
    30 * MINUTE,
  )
})

const labelsSchema = z.object({ config: z.object({ Labels: z.record(z.string(), z.string()) }) })
const manifestSchema = z.object({ config: z.object({ digest: z.string() }) })

/** The label of the only image in a layout. */
function labelIn(layout: string): string {
  const blob = (digest: string) => readFileSync(join(layout, "blobs", digest.replace(":", "/")), "utf8")
  const [image] = readReport(layout).platforms
  const { config } = manifestSchema.parse(JSON.parse(blob(image?.digest ?? "none")))
  return labelsSchema.parse(JSON.parse(blob(config.digest))).config.Labels[SOURCES_LABEL] ?? ""
}
