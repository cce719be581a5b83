import { execa } from "execa"
import { createHash } from "node:crypto"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { PassThrough } from "node:stream"
import { text as textOf } from "node:stream/consumers"
import { gzipSync } from "node:zlib"
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest"
import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import type { Report } from "../../../dagger/src/core/report/report.js"
import { parseMirror } from "../../../dagger/src/core/text/mirror.js"
import { parseAllowList } from "../../../dagger/src/core/vulnerabilities/allow-list.js"
import { examinationSchema } from "../../../dagger/src/core/vulnerabilities/finding.js"
import { advisoryAccess } from "../../../src/runs/advisory-access.js"
import { runVulnerabilities, type VulnerabilitiesRun } from "../../../src/runs/vulnerabilities.js"
import { PlainTerminal } from "../../../src/output/plain.js"
import { Interrupts } from "../../../src/session/interrupt.js"
import { billedEntry, billedReport, dpkg } from "../../unit/core/sbom/seeded-report.js"
import { makeSigner, type Signer } from "../../unit/signatures/signer.js"

const SUITE = "/deb.debian.org/debian-security/dists/trixie-security"
const NOW = new Date("2026-11-30T20:00:00Z")
const GHSA = "https://github.com/advisories/GHSA-c2qf-rxjj-qqgw"
const BULK = "/npm/-/npm/v1/security/advisories/bulk"

const packages = (architecture: string) => `Package: git
Architecture: ${architecture}
Version: 1:2.47.3-0+deb13u2

Package: libc6
Source: glibc
Architecture: ${architecture}
Version: 2.41-12+deb13u1

Package: tzdata
Architecture: all
Version: 2025z-1
`
const ADVISORIES = {
  semver: [{ id: 1, url: GHSA, title: "ReDoS", severity: "high", vulnerable_versions: ">=7.0.0 <7.5.2 || 7.7.0" }],
}

/** The image of a registry and of the archive, whose own key signs. */
interface Scene {
  /** By path. */
  files: Map<string, Buffer>
  /** Answers of npm's endpoint; nothing means that the registry has none. */
  advisories: string | undefined
  asked: string[]
  /** What npm's endpoint was asked. */
  questions: unknown[]
  signer: Signer
  run: (change?: Partial<VulnerabilitiesRun>) => Promise<{ text: string; error?: RunnerImagesError }>
}

const hasXz = (await execa("xz", ["--version"], { reject: false })).exitCode === 0
let vendor: Signer
let stranger: Signer
let scene: Scene

beforeAll(async () => {
  const date = new Date("2026-01-01T00:00:00Z")
  ;[vendor, stranger] = await Promise.all([makeSigner("Archive", { date }), makeSigner("Stranger", { date })])
})

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex")

interface Suite {
  ending?: ".xz" | ".gz" | ""
  fields?: string
  signer?: Signer
}

/** Signs and serves a suite with these indices. */
async function serveSuite({ ending = ".gz", fields, signer = vendor }: Suite = {}): Promise<void> {
  const byHash = fields?.includes("By-Hash") ?? false
  const lines: string[] = []
  for (const architecture of ["amd64", "arm64"]) {
    const plain = Buffer.from(packages(architecture))
    const folder = `main/binary-${architecture}`
    // Listed, and as on Debian's servers not to be had.
    lines.push(` ${sha256(plain)} ${plain.length} ${folder}/Packages`)
    const packed =
      ending === ".gz"
        ? gzipSync(plain)
        : ending === ".xz"
          ? Buffer.from((await execa("xz", ["--stdout"], { input: plain, encoding: "buffer" })).stdout)
          : plain
    if (ending !== "") lines.push(` ${sha256(packed)} ${packed.length} ${folder}/Packages${ending}`)
    const path = byHash ? `${folder}/by-hash/SHA256/${sha256(packed)}` : `${folder}/Packages${ending}`
    scene.files.set(`${SUITE}/${path}`, packed)
  }
  const release = `Origin: Test\nDate: Sun, 29 Nov 2026 00:00:00 UTC\n${fields ?? ""}SHA256:\n${lines.join("\n")}\n`
  scene.files.set(`${SUITE}/InRelease`, Buffer.from(await signer.sign(release, new Date("2026-11-29T00:00:00Z"))))
}

beforeEach(async () => {
  const files = new Map<string, Buffer>()
  const [asked, questions]: [string[], unknown[]] = [[], []]
  const server = createServer((request, response) => {
    const path = request.url ?? ""
    asked.push(`${request.method ?? ""} ${path}`)
    const file = files.get(path)
    if (path === BULK && request.method === "POST" && scene.advisories !== undefined) {
      void textOf(request).then((body) => {
        questions.push(JSON.parse(body))
        response.end(scene.advisories)
      })
    } else if (file) response.end(file)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
    vi.unstubAllEnvs()
  })
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  vi.stubEnv("npm_config_registry", `${origin}/npm/`)
  const run: Scene["run"] = async (change = {}) => {
    let text = ""
    const answer = (given: string) =>
      (text += given.replaceAll(origin, "<server>").replaceAll(vendor.key.fingerprint, "<key>"))
    const context = {
      terminal: new PlainTerminal(new PassThrough()),
      interrupts: new Interrupts(() => undefined),
      answer,
    }
    const access = { ...advisoryAccess(parseMirror(origin)), keys: () => [scene.signer.key], now: NOW }
    try {
      await runVulnerabilities(context, { report: billedReport(), json: false, ...change }, access)
      return { text }
    } catch (error) {
      if (!(error instanceof RunnerImagesError)) throw error
      return { text, error }
    }
  }
  scene = { files, advisories: JSON.stringify(ADVISORIES), asked, questions, signer: vendor, run }
})

/** What is said of an area, on the first platform. */
async function said(area: string): Promise<string | undefined> {
  const { text } = await scene.run()
  return text.split("\n").find((line) => line.startsWith(`- ${area}: `))
}

describe("known vulnerabilities of a build", () => {
  it("are looked up in the archive, in npm's registry and in the catalog", async () => {
    await serveSuite()
    const { text, error } = await scene.run()
    expect(error).toBeUndefined()
    expect(text).toMatchInlineSnapshot(`
      "# Known vulnerabilities of standard 0.1.0

      - Image: \`sha256:0000000000000000000000000000000000000000000000000000000000000000\`
      - Asked: 2026-11-30T20:00:00Z. Another day may have another answer.

      ## linux/amd64: 3 found

      - Distribution: http://deb.debian.org/debian-security/dists/trixie-security of 2026-11-29T00:00:00Z, signed with <key>
      - npm: 6 packages, at <server>/npm/
      - Tools: in the list of runner-images 0.1.0, which has 1 and is not complete

      | Name | Version | Fixed in | Severity | Advisory | Accepted |
      | --- | --- | --- | --- | --- | --- |
      | git | 1:2.47.3-0+deb13u1 | 1:2.47.3-0+deb13u2 | unknown |  |  |
      | glibc (libc6) | 2.41-12 | 2.41-12+deb13u1 | unknown |  |  |
      | semver | 7.7.0 | affected: \\>=7.0.0 \\<7.5.2 \\|\\| 7.7.0 | high | [GHSA-c2qf-rxjj-qqgw: ReDoS](https://github.com/advisories/GHSA-c2qf-rxjj-qqgw) |  |

      ## linux/arm64: 3 found

      - Distribution: http://deb.debian.org/debian-security/dists/trixie-security of 2026-11-29T00:00:00Z, signed with <key>
      - npm: 6 packages, at <server>/npm/
      - Tools: in the list of runner-images 0.1.0, which has 1 and is not complete

      | Name | Version | Fixed in | Severity | Advisory | Accepted |
      | --- | --- | --- | --- | --- | --- |
      | git | 1:2.47.3-0+deb13u1 | 1:2.47.3-0+deb13u2 | unknown |  |  |
      | glibc (libc6) | 2.41-12 | 2.41-12+deb13u1 | unknown |  |  |
      | semver | 7.7.0 | affected: \\>=7.0.0 \\<7.5.2 \\|\\| 7.7.0 | high | [GHSA-c2qf-rxjj-qqgw: ReDoS](https://github.com/advisories/GHSA-c2qf-rxjj-qqgw) |  |"
    `)
    // Once for all platforms.
    expect(scene.questions).toEqual([
      {
        "@npmcli/arborist": ["9.0.0"],
        npm: ["11.2.0"],
        semver: ["7.7.0"],
        spoken: ["1.0.0"],
        unsaid: ["1.0.0"],
      },
    ])
  })

  it("are the same as JSON", async () => {
    await serveSuite()
    const { text } = await scene.run({ json: true })
    const { asked, images } = examinationSchema.parse(JSON.parse(text))
    expect(asked).toBe("2026-11-30T20:00:00Z")
    expect(images.map(({ platform, findings }) => [platform, ...findings.map(({ name }) => name)])).toEqual([
      ["linux/amd64", "git", "glibc", "semver"],
      ["linux/arm64", "git", "glibc", "semver"],
    ])
  })

  it("are an error if they are to be, after the answer, and no error if they are accepted", async () => {
    await serveSuite()
    const { text, error } = await scene.run({ failOn: "critical" })
    expect(text).toContain("## linux/amd64: 3 found")
    expect(error).toMatchObject({ code: "VULNERABILITIES_FOUND", exitCode: 3 })
    expect(error?.details).toEqual(
      ["linux/amd64", "linux/arm64"].flatMap((platform) => [
        `${platform}: git 1:2.47.3-0+deb13u1, fixed in 1:2.47.3-0+deb13u2`,
        `${platform}: glibc 2.41-12, fixed in 2.41-12+deb13u1`,
      ]),
    )
    const allowList = parseAllowList(
      "- {package: libc6, reason: r, expires: 2026-11-30}\n- {package: git, reason: r, expires: 2026-12-24}",
      "list.yaml",
    )
    expect((await scene.run({ failOn: "critical", allowList })).error).toBeUndefined()
    expect((await scene.run({ failOn: "high", allowList })).error?.details).toHaveLength(2)
  })
})

describe("npm's registry", () => {
  beforeEach(() => serveSuite())

  it.each<[string, string | undefined, string]>([
    ["has no advisories", undefined, "<server>/npm/ has no advisories: it answered 404"],
    [
      "answers something else",
      "<html>",
      "<server>/npm/ cannot be used: its answer is not a list of advisories: it is not JSON",
    ],
  ])("that %s is not taken for one that knows of none", async (_, advisories, why) => {
    scene.advisories = advisories
    expect(await said("npm")).toBe(`- npm: **not checked**: ${why}`)
    expect((await scene.run({ failOn: "critical" })).error?.details).toContain(
      `linux/amd64: npm not checked: ${why.replace("<server>", String(process.env.npm_config_registry).replace("/npm/", ""))}`,
    )
  })

  it("that cannot be reached is not asked", async () => {
    vi.stubEnv("npm_config_registry", "http://127.0.0.1:1/")
    expect(await said("npm")).toBe(
      "- npm: **not checked**: http://127.0.0.1:1/ could not be asked: connect ECONNREFUSED 127.0.0.1:1",
    )
  })

  it("whose URL has a password is not asked, since npm does not tell it", async () => {
    vi.stubEnv("npm_config_registry", "http://user:secret@127.0.0.1:1/")
    expect(await said("npm")).toMatch(/^- npm: \*\*not checked\*\*: npm config get registry: .*protected/)
  })

  it("is asked nothing for an image without packages of npm, and not about folders without a version", async () => {
    const entry = (npm: { name: string; version: string; path: string }[]): Report =>
      billedReport({ platforms: [billedEntry("linux/amd64", { installed: { packages: [dpkg("git", "9")], npm } })] })
    expect((await scene.run({ report: entry([]) })).text).toContain("- npm: the image has no packages of npm\n")
    expect(scene.questions).toEqual([])
    const odd = entry([
      { name: "semver", version: "7.7.0", path: "/a" },
      { name: "app", version: "", path: "/opt/app" },
    ])
    expect((await scene.run({ report: odd })).text).toContain(
      "- npm: 1 packages, at <server>/npm/; **not checked**: folders without a version of npm's: /opt/app\n",
    )
  })
})

describe("the security archive", () => {
  const read = async (ending: ".xz" | ".gz" | "") => {
    await serveSuite({ ending })
    expect((await scene.run()).text).toContain("| git | 1:2.47.3-0+deb13u1 | 1:2.47.3-0+deb13u2 |")
  }

  it.skipIf(!hasXz)("is read with indices named Packages.xz, as Debian's (needs xz)", () => read(".xz"))
  it("is read with indices named Packages.gz", () => read(".gz"))
  it("is read with indices named Packages", () => read(""))

  it("is read by checksums where it offers that, so that no index changes meanwhile", async () => {
    await serveSuite({ fields: "Acquire-By-Hash: yes\n" })
    expect((await scene.run()).text).toContain("| git | 1:2.47.3-0+deb13u1 |")
    expect(scene.asked.filter((path) => path.includes("/by-hash/SHA256/"))).toHaveLength(2)
  })

  it("that cannot be reached is not checked", async () => {
    expect(await said("Distribution")).toBe(`- Distribution: **not checked**: <server>${SUITE}/InRelease returned 404`)
  })

  it.each<[string, Suite, (files: Map<string, Buffer>) => void, string, string]>([
    ["signed by somebody else", {}, () => (scene.signer = stranger), "SIGNATURE_INVALID", "only others have signed it"],
    [
      "changed after it was signed",
      {},
      (files) => {
        const at = `${SUITE}/InRelease`
        files.set(at, Buffer.from(String(files.get(at)).replace("29 Nov", "30 Nov")))
      },
      "SIGNATURE_INVALID",
      "signed digest did not match",
    ],
    [
      "with an index that was changed",
      { ending: "" },
      (files) => {
        const at = `${SUITE}/main/binary-amd64/Packages`
        files.set(at, Buffer.from(String(files.get(at)).replace("deb13u2", "deb13u1")))
      },
      "ARCHIVE_INVALID",
      "main/binary-amd64/Packages cannot be used: it is not the file that the signed Release file names",
    ],
    [
      "that is an old one",
      { fields: "Valid-Until: Mon, 30 Nov 2026 19:59:59 UTC\n" },
      () => undefined,
      "ARCHIVE_INVALID",
      "it is of 2026-11-29T00:00:00Z and was valid until 2026-11-30T19:59:59Z",
    ],
    [
      "without an index for the architecture",
      {},
      () => undefined,
      "ARCHIVE_INVALID",
      "it has no main/binary-amd64/Packages",
    ],
  ])("%s is refused", async (title, suite, change, code, why) => {
    await serveSuite(suite)
    if (title.startsWith("without an index")) {
      const release = `Date: Sun, 29 Nov 2026 00:00:00 UTC\nSHA256:\n ${"a".repeat(64)} 1 main/binary-riscv64/Packages\n`
      scene.files.set(`${SUITE}/InRelease`, Buffer.from(await vendor.sign(release, new Date("2026-11-29"))))
    }
    change(scene.files)
    const { text, error } = await scene.run()
    expect(text).toBe("")
    expect(error).toMatchObject({ code, exitCode: 1 })
    expect(error?.problem).toContain(why)
  })

  it("that is older than the one that the image was built from is refused", async () => {
    await serveSuite()
    const name = "deb.debian.org_debian-security_dists_trixie-security_InRelease"
    const report = billedReport({ releases: [{ name, sha256: "a".repeat(64), date: "2026-11-29T00:00:01.000Z" }] })
    const { error } = await scene.run({ report })
    expect(error?.code).toBe("ARCHIVE_INVALID")
    expect(error?.problem).toContain("but the image was built from a newer one, of 2026-11-29T00:00:01.000Z.")
  })

  it("is unreadable beyond the size that is signed", async () => {
    await serveSuite()
    const at = `${SUITE}/main/binary-amd64/Packages.gz`
    scene.files.set(at, Buffer.concat([scene.files.get(at) ?? Buffer.of(), Buffer.alloc(1)]))
    expect(await said("Distribution")).toMatch(
      /\*\*not checked\*\*: the download of .* broke off: it has more than \d+ bytes$/,
    )
  })
})
