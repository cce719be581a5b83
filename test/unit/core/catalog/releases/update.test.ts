import { createTwoFilesPatch } from "diff"
import { createHash } from "node:crypto"
import { afterEach, describe, expect, it } from "vitest"
import type { PinningAccess, VendorAccess } from "../../../../../dagger/src/core/catalog/vendor-access.js"
import { readCatalog } from "../../../../../dagger/src/core/catalog/pins.js"
import { TOOL_ENTRIES } from "../../../../../dagger/src/core/catalog/tools.js"
import { updatePins } from "../../../../../dagger/src/core/catalog/releases/update.js"
import { verifiersOf } from "../../../../../src/signatures/verifiers.js"
import { makeSigner } from "../../../signatures/signer.js"
import { PINS_TEXT, PROJECT_PINS_TEXT } from "../pins.js"
import {
  A,
  B,
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

async function update(
  tools: readonly string[],
  answers: Answers,
  client?: VendorAccess["client"],
  verifiers?: PinningAccess["verifiers"],
) {
  running = await vendors(answers, client, verifiers)
  const { access, url, asked } = running
  const { text, updates } = await updatePins(PINS_TEXT, tools, TOOL_ENTRIES, access)
  const diff = createTwoFilesPatch("a", "b", PINS_TEXT, text, "", "", { context: 0 })
  return {
    updates: updates.map(({ tool, source, state, from, to, reason, warning }) => {
      const why = reason === undefined ? "" : `: ${reason.replaceAll(url, "<mirror>")}`
      return `${tool} ${source} ${state} ${from} → ${to}${why}${warning === undefined ? "" : ` (${warning})`}`
    }),
    changed: diff.split("\n").filter((line) => /^[+-] /.test(line)),
    asked,
  }
}

const noClient = () => Promise.reject(new Error("npm is not installed here"))
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")
const runner = (...releases: object[]) => ({ [RUNNER_RELEASES]: releases })
const CHROME = "storage.googleapis.com/chrome-for-testing-public"
const chromeFiles = (version: string, ...programs: string[]) =>
  Object.fromEntries(
    programs.flatMap((program) =>
      ["linux64", "linux-arm64"].map((folder) => [
        `${CHROME}/${version}/${folder}/${program}-${folder}.zip`,
        `${program} ${version} ${folder}`,
      ]),
    ),
  )

describe("catalog update", () => {
  it.each([
    ["the project's pins", PROJECT_PINS_TEXT],
    ["the tests'", PINS_TEXT],
  ])("leaves %s as they are, comments and all, when there is nothing new", async (_, text) => {
    running = await vendors({})
    const pinned = readCatalog(text, TOOL_ENTRIES).tools.runner?.upstream
    const { access } = running
    const found = await updatePins(text, ["runner", "node"], TOOL_ENTRIES, {
      ...access,
      text: () => Promise.resolve(JSON.stringify([githubRelease(pinned?.version ?? "", "", {})])),
    })
    expect(found.text).toBe(text)
  })

  it("takes a newer release with GitHub's own checksums", async () => {
    const found = await update(["runner"], runner(githubRelease("2.339.0", "2026-10-01", runnerAssets("2.339.0"))))
    expect(found).toMatchInlineSnapshot(`
      {
        "asked": [
          "api.github.com/repos/actions/runner/releases?per_page=50",
          "github.com/actions/runner/releases/download/v2.339.0/actions-runner-linux-x64-2.339.0.tar.gz.sigstore.json",
          "api.github.com/repos/actions/runner/attestations/sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?predicate_type=provenance",
        ],
        "changed": [
          "-    version: 2.338.0",
          "-    released: unknown",
          "+    version: 2.339.0",
          "+    released: 2026-10-01",
          "-      linux/amd64: af4b794c1bc41d73d40535e3fe092a39f9679cd8d965954c2aca25a05ca41d32",
          "-      linux/arm64: 628b4a7258487b80c1d3c221095a7ded349f5ae0175fd3dfab708d07428f041b",
          "+      linux/amd64: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "+      linux/arm64: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        ],
        "updates": [
          "runner upstream updated 2.338.0 → 2.339.0",
        ],
      }
    `)
  })

  it("learns facts that were unknown", async () => {
    const own = { "actions-runner-linux-x64-2.338.0.tar.gz": null, "actions-runner-linux-arm64-2.338.0.tar.gz": null }
    expect(await update(["runner"], runner(githubRelease("2.338.0", "2026-09-03", own)))).toMatchInlineSnapshot(`
      {
        "asked": [
          "api.github.com/repos/actions/runner/releases?per_page=50",
          "github.com/actions/runner/releases/download/v2.338.0/actions-runner-linux-x64-2.338.0.tar.gz.sigstore.json",
          "api.github.com/repos/actions/runner/attestations/sha256:af4b794c1bc41d73d40535e3fe092a39f9679cd8d965954c2aca25a05ca41d32?predicate_type=provenance",
        ],
        "changed": [
          "-    released: unknown",
          "+    released: 2026-09-03",
        ],
        "updates": [
          "runner upstream completed 2.338.0 → 2.338.0",
        ],
      }
    `)
  })

  it("reads Node.js' checksums where Node.js keeps them", async () => {
    const sums = `${A}  node-v24.22.0-linux-x64.tar.xz\n${B}  node-v24.22.0-linux-arm64.tar.xz\n`
    const answers = {
      "nodejs.org/dist/index.json": [{ version: "v24.22.0", date: "2026-10-10", files: ["linux-x64", "linux-arm64"] }],
      "nodejs.org/dist/v24.22.0/SHASUMS256.txt": sums,
      "nodejs.org/dist/v24.22.0/SHASUMS256.txt.asc": "",
    }
    const signer = await makeSigner("Releaser")
    answers["nodejs.org/dist/v24.22.0/SHASUMS256.txt.asc"] = await signer.sign(sums)
    const verifiers = verifiersOf({ openPgp: () => [signer.key], npm: {}, sigstore: () => "{}" })
    const found = await update(["node"], answers, noClient, verifiers)
    found.changed = found.changed.map((line) => line.replace(signer.key.fingerprint, "<key>"))
    expect(found).toMatchInlineSnapshot(`
      {
        "asked": [
          "nodejs.org/dist/index.json",
          "nodejs.org/dist/v24.22.0/SHASUMS256.txt",
          "nodejs.org/dist/v24.22.0/SHASUMS256.txt",
          "nodejs.org/dist/v24.22.0/SHASUMS256.txt.asc",
        ],
        "changed": [
          "-    version: 24.21.0",
          "-    released: unknown",
          "+    version: 24.22.0",
          "+    released: 2026-10-10",
          "-      linux/amd64: fd8e59d5a511510f6a298afb548f18c7d2b1be404d8b4a27d94fbe49f56cb2d6",
          "-      linux/arm64: 6ad1325edbdb5649c379b75a237147a666c95d4f9ae8d340fef2d1575d289ad2",
          "+      linux/amd64: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "+      linux/arm64: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
          "+    verified:",
          "+      by: pgp",
          "+      key: <key>",
        ],
        "updates": [
          "node upstream updated 24.21.0 → 24.22.0",
          "node registry unreachable 24.21.0 → 24.21.0: npm is not installed here",
        ],
      }
    `)
  })

  it("hashes what nobody publishes a checksum of, the browser together with its driver", async () => {
    const version = "155.0.8100.10"
    const found = await update(["chromedriver"], {
      [CHROME_VERSIONS]: chromeVersions(version, ["linux64", "linux-arm64"]),
      ...chromeFiles(version, "chrome", "chromedriver"),
    })
    expect(found.updates).toEqual([
      `chrome upstream updated 154.0.8037.92 → ${version}`,
      `chromedriver upstream updated 154.0.8037.92 → ${version}`,
    ])
    const hashes = Object.values(chromeFiles(version, "chrome", "chromedriver")).map(sha256)
    expect(hashes.filter((hash) => !found.changed.some((line) => line.startsWith("+") && line.includes(hash)))).toEqual(
      [],
    )
  })

  it("marks what was seen once, and takes the mark away when the vendor publishes the same", async () => {
    const marked = (text: string) =>
      Object.entries(readCatalog(text, TOOL_ENTRIES).tools).flatMap(([name, tool]) =>
        tool.upstream?.verifiedBy.by === "first-seen" ? [name] : [],
      )
    const version = "155.0.8100.10"
    const tools = ["chromedriver"]
    running = await vendors({
      [CHROME_VERSIONS]: chromeVersions(version, ["linux64", "linux-arm64"]),
      ...chromeFiles(version, "chrome", "chromedriver"),
    })
    const found = await updatePins(PINS_TEXT, tools, TOOL_ENTRIES, running.access)
    expect(found.updates.map(({ tool, seenOnce }) => [tool, seenOnce])).toEqual([
      ["chrome", true],
      ["chromedriver", true],
    ])
    expect(marked(PINS_TEXT)).toEqual([])
    expect(marked(found.text)).toEqual(["chrome", "chromedriver"])
    expect((await updatePins(found.text, tools, TOOL_ENTRIES, running.access)).text).toBe(found.text)
    await running.close()

    // GitHub did not know older assets' checksums.
    const release = (...sums: (string | null)[]) => {
      const names = ["linux-x64", "linux-arm64"].map((name) => `actions-runner-${name}-2.339.0.tar.gz`)
      return runner(
        githubRelease(
          "2.339.0",
          "2026-10-01",
          Object.fromEntries(names.map((name, index) => [name, sums[index] ?? null])),
        ),
      )
    }
    const files = Object.fromEntries(
      ["linux-x64", "linux-arm64"].map((name) => [
        `github.com/actions/runner/releases/download/v2.339.0/actions-runner-${name}-2.339.0.tar.gz`,
        name,
      ]),
    )
    running = await vendors({ ...release(), ...files })
    const once = await updatePins(PINS_TEXT, ["runner"], TOOL_ENTRIES, running.access)
    expect(marked(once.text)).toEqual(["runner"])
    await running.close()
    running = await vendors(release(sha256("linux-x64"), sha256("linux-arm64")))
    const published = await updatePins(once.text, ["runner"], TOOL_ENTRIES, running.access)
    expect(published.updates).toMatchObject([{ state: "completed", to: "2.339.0" }])
    expect(marked(published.text)).toEqual([])
  })

  it("finds the driver's checksum for the browser that is pinned", async () => {
    const version = "154.0.8037.92"
    const found = await update(["chrome"], {
      [CHROME_VERSIONS]: chromeVersions(version, ["linux64", "linux-arm64"]),
      ...chromeFiles(version, "chromedriver"),
    })
    expect(found.updates).toEqual([
      `chrome upstream current ${version} → ${version}`,
      `chromedriver upstream completed ${version} → ${version}`,
    ])
    expect(found.changed.length).toBe(5)
    expect(found.changed).toContain("+    seen: once")
  })

  it("takes integrity and checksums of modules from their clients", async () => {
    const integrity = `sha512-${"B".repeat(86)}==`
    const sum = `h1:${"B".repeat(43)}=`
    const found = await update(["npm", "go"], {}, (program, words) => {
      const npm =
        words[2] === "versions"
          ? { versions: ["11.22.0"], time: { "11.22.0": "2026-11-20" } }
          : words[2] === "dist"
            ? { integrity }
            : integrity
      const modules = ["amd64", "arm64"].map((arch) => `v0.0.1-go1.27.4.linux-${arch}`)
      const go =
        words[0] === "env"
          ? { GOSUMDB: "sum.golang.org", GOPROXY: "https://proxy.example,direct", GOVERSION: "go1.26.8" }
          : words[0] === "list"
            ? { Versions: modules }
            : { Sum: words.at(-1)?.endsWith("arm64") ? sum : sum.replace("B", "A") }
      const answer = program === "npm" ? npm : go
      return Promise.resolve(JSON.stringify(answer))
    })
    expect(found).toMatchInlineSnapshot(`
      {
        "asked": [
          "go.dev/dl/?mode=json",
        ],
        "changed": [
          "-    version: 11.21.2",
          "-    released: 2026-11-04",
          "-    integrity: sha512-7HPApk+AflMUavSseL1Pm6CnYqMIHk53x+KmuhqmTDqPkjPMgxIpTPcTqsE91EKNw4gFBJV9fnXiSdGm1DXq9A==",
          "+    version: 11.22.0",
          "+    released: 2026-11-20",
          "+    integrity: sha512-BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB==",
          "-    version: 1.26.8",
          "+    version: 1.27.4",
          "-      linux/amd64: h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM=",
          "-      linux/arm64: h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc=",
          "+      linux/amd64: h1:ABBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB=",
          "+      linux/arm64: h1:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB=",
          "+    verified:",
          "+      by: go-sumdb",
          "+      database: sum.golang.org",
        ],
        "updates": [
          "npm registry updated 11.21.2 → 11.22.0",
          "go upstream unreachable 1.27.2 → 1.27.2: <mirror>/go.dev/dl/?mode=json returned 404; the Go module proxy lists 1.27.4, but not the vendor's files (Go 1.27.2 has a known vulnerability: CVE-2026-111943, fixed in 1.26.10 and 1.27.3)",
          "go registry updated 1.26.8 → 1.27.4",
        ],
      }
    `)
  })

  const lists = {
    "nodejs.org/dist/index.json": [{ version: "v24.22.0", date: "2026-10-10", files: ["linux-x64", "linux-arm64"] }],
  }
  it.each<[string, string, Answers, string[]]>([
    [
      "a downgrade",
      "runner",
      runner(githubRelease("2.337.0", "2026-08-26", runnerAssets("2.337.0"))),
      ["runner upstream refused 2.338.0 → 2.338.0: its vendor's newest is 2.337.0, but pins never go back"],
    ],
    [
      "a release without a platform",
      "runner",
      runner(githubRelease("2.339.0", "2026-10-01", { "actions-runner-linux-x64-2.339.0.tar.gz": A })),
      ["runner upstream refused 2.338.0 → 2.338.0: 2.339.0 has no file for linux/arm64"],
    ],
    [
      "a browser without a platform",
      "chrome",
      { [CHROME_VERSIONS]: chromeVersions("155.0.8100.10", ["linux64"]) },
      [
        "chrome upstream refused 154.0.8037.92 → 154.0.8037.92: 155.0.8100.10 has no file for linux/arm64",
        "chromedriver upstream refused 154.0.8037.92 → 154.0.8037.92: 155.0.8100.10 has no file for linux/arm64",
      ],
    ],
    [
      "a file that cannot be hashed",
      "chrome",
      {
        [CHROME_VERSIONS]: chromeVersions("155.0.8100.10", ["linux64", "linux-arm64"]),
        ...chromeFiles("155.0.8100.10", "chrome"),
      },
      [
        "chrome upstream refused 154.0.8037.92 → 154.0.8037.92: chrome would be 155.0.8100.10, chromedriver would be 154.0.8037.92, but they only work together",
        "chromedriver upstream unreachable 154.0.8037.92 → 154.0.8037.92: <mirror>/storage.googleapis.com/chrome-for-testing-public/155.0.8100.10/FOLDER returned 404",
      ],
    ],
    [
      "a list of checksums without the file",
      "node",
      { ...lists, "nodejs.org/dist/v24.22.0/SHASUMS256.txt": "" },
      [
        "node upstream unreachable 24.21.0 → 24.21.0: https://nodejs.org/dist/v24.22.0/SHASUMS256.txt does not name node-v24.22.0-linux-x64.tar.xz",
        "node registry unreachable 24.21.0 → 24.21.0: npm is not installed here",
      ],
    ],
  ])("refuses %s, and changes nothing", async (_, tool, answers, expected) => {
    const { updates, changed } = await update([tool], answers, noClient)
    // Both platforms' files are asked for at once.
    expect(updates.map((line) => line.replace(/linux[^/]*\/chromedriver\S*/, "FOLDER"))).toEqual(expected)
    expect(changed).toEqual([])
  })

  it("refuses a vendor's replaced file", async () => {
    const assets = { ...runnerAssets("2.338.0"), "actions-runner-linux-arm64-2.338.0.tar.gz": "c".repeat(64) }
    await expect(
      update(["runner"], runner(githubRelease("2.338.0", "2026-09-01", assets))),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[RunnerImagesError: runner 2.338.0 for linux/amd64 is pinned to af4b794c1bc41d73d40535e3fe092a39f9679cd8d965954c2aca25a05ca41d32, but its vendor now publishes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa. Find out why the vendor has replaced the file before changing the catalog. [DOWNLOAD_MISMATCH]]`,
    )
  })

  it("refuses what is no checksum", async () => {
    const assets = { ...runnerAssets("2.339.0"), "actions-runner-linux-arm64-2.339.0.tar.gz": "abc" }
    await expect(
      update(["runner"], runner(githubRelease("2.339.0", "2026-10-01", assets))),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[RunnerImagesError: The vendors' answers cannot be pinned: runner.upstream.sha256.linux/arm64 is not a SHA-256 (64 hexadecimal digits in lower case), or unknown. Nothing was written; try again later, or update other tools by name. [CATALOG_INVALID]]`,
    )
  })

  it("refuses a release with one file for both platforms", async () => {
    const assets = { ...runnerAssets("2.339.0"), "actions-runner-linux-arm64-2.339.0.tar.gz": A }
    await expect(
      update(["runner"], runner(githubRelease("2.339.0", "2026-10-01", assets))),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[RunnerImagesError: The vendors' answers cannot be pinned: runner.upstream.sha256 is the same for linux/amd64 and linux/arm64, whose files are different: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa. Nothing was written; try again later, or update other tools by name. [CATALOG_INVALID]]`,
    )
  })
})
