import { generateKeyPairSync } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { execa } from "execa"
import { expect, describe, it } from "vitest"
import { REGISTRY_USER } from "../../src/engine/bare/instance/registry-password.js"
import { LOCAL_REGISTRY as registry, withRegistryLogin } from "../local-registry.js"
import { answer, BOTH, commandLine, dagger, platformsOf, refusal } from "./entry-points.js"

const PASSWORD_FILE = process.env.RUNNER_IMAGES_REGISTRY_PASSWORD_FILE ?? ""
const repository = `${registry}/e2e/runner`
/** A repository that nothing gets as far as, in a domain that nobody can have. */
const ELSEWHERE = "registry.invalid/runner"
const source = ["--source-url", "https://git.example.com/owner/runner"]
const shared = ["--sources", "registry", "--runner", "act", ...source]
const target = ["--platforms", BOTH, "--repository", repository]
const common = [...shared, ...target]

const raw = async (reference: string) => {
  const words = ["inspect", "--raw", "--tls-verify=false", `docker://${reference}`]
  return (await withRegistryLogin((env) => execa("skopeo", words, { env }))).stdout
}

describe.skipIf(registry === "")("publishing to a registry on this host", () => {
  it("prints one reference by digest, under which both platforms are", async () => {
    const result = await commandLine("publish", ...common, "--tags", "try")
    const reference = answer(result).trim()
    expect(reference).toMatch(new RegExp(`^${repository}@sha256:[0-9a-f]{64}$`))
    expect(platformsOf(await raw(reference))).toEqual(["linux/amd64", "linux/arm64"])
    expect(await raw(`${repository}:try-act`)).toBe(await raw(reference))
  })

  it("does the same through dagger call, with the password from its file", async () => {
    const login = ["--username", REGISTRY_USER, "--password", `file:${PASSWORD_FILE}`]
    const words = [
      "call",
      ...shared,
      "publish",
      ...target,
      "--tags",
      "called",
      "--registry",
      `tcp://${registry}`,
      ...login,
    ]
    const reference = answer(await dagger(...words)).trim()
    expect(reference).toMatch(new RegExp(`^${repository}@sha256:[0-9a-f]{64}$`))
    expect(await raw(`${repository}:called-act`)).toBe(await raw(`${repository}:try-act`))
  })

  it("gives images that run on each platform when pulled by digest", async () => {
    const { manifests } = JSON.parse(await raw(`${repository}:try-act`)) as {
      manifests: { digest: string; platform: { architecture: string } }[]
    }
    const machines = await Promise.all(
      manifests.map(async ({ digest, platform }) => {
        const words = [
          "container",
          "--platform",
          `linux/${platform.architecture}`,
          "from",
          "--address",
          `${repository}@${digest}`,
        ]
        return answer(await dagger("core", ...words, "with-exec", "--args", "uname,-m", "stdout")).trim()
      }),
    )
    expect(machines).toEqual(["x86_64", "aarch64"])
  })

  it("gives an image that can be tested by its tag", async () => {
    const result = await commandLine("test", `${repository}:try-act`, "--platforms", "linux/amd64", "--json")
    const { variants } = JSON.parse(answer(result)) as {
      variants: { platforms: { checks: Record<string, number> }[] }[]
    }
    expect(variants[0]?.platforms[0]?.checks).toMatchObject({ failed: 0 })
    expect(variants[0]?.platforms[0]?.checks.passed).toBeGreaterThan(40)
  })

  it("gives an image that is compared with a build, and reproduced from the report of one", async () => {
    const folder = mkdtempSync(join(tmpdir(), "publish-"))
    try {
      answer(await commandLine("build", ...shared, "--output", folder))
      const published = `${repository}:try-act`
      const same = await commandLine("diff", published, join(folder, "standard"), "--exit-code", "--quiet")
      expect(answer(same)).toMatch(/^Nothing changed: both builds of standard \S+ are `sha256:[0-9a-f]{64}`\.$/)
      const both = await commandLine("diff", published, `${repository}:called-act`, "--json")
      expect(JSON.parse(answer(both))).toMatchObject({ equal: true, notCompared: [] })
      const report = ["--report", join(folder, "standard", "report.json")]
      const result = await commandLine("reproduce", published, ...report)
      expect(answer(result)).toMatch(/^standard: reproduced, sha256:[0-9a-f]{64}\n/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it("refuses a push with another password, and one by dagger call without any", async () => {
    const password = join(mkdtempSync(join(tmpdir(), "publish-")), "password")
    writeFileSync(password, "of somebody else\n")
    const other = ["--username", REGISTRY_USER, "--password-file", password]
    const wrong = await commandLine("publish", ...common, "--tags", "refused", ...other)
    rmSync(dirname(password), { recursive: true })
    const words = ["call", ...shared, "publish", ...target, "--tags", "refused", "--registry", `tcp://${registry}`]
    const without = await dagger(...words)
    for (const { exitCode, stdout, stderr } of [wrong, without]) {
      expect(exitCode).not.toBe(0)
      expect(stdout).toBe("")
      expect(stderr).toMatch(/401 Unauthorized/)
    }
    // Before anything was built.
    expect(wrong.stderr).toContain("[AUTHENTICATION]")
    expect(wrong.stderr).not.toMatch(/resolve packages|smoke tests/)
  })

  it("uploads nothing a second time", async () => {
    const result = await commandLine("publish", ...common, "--tags", "try")
    answer(result)
    expect(result.stderr).toMatch(new RegExp(`${repository}: uploaded nothing; \\d+ were there`))
    expect(result.stderr).toMatch(
      new RegExp(`${repository}:try-act is now sha256:[0-9a-f]{64}, linux/amd64, linux/arm64`),
    )
  })

  it("signs with a key, and what is published is verified by it and by no other, inspected, and promoted", async () => {
    const folder = mkdtempSync(join(tmpdir(), "publish-"))
    const pair = (name: string) => {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
      const files = { key: join(folder, name), pub: join(folder, `${name}.pub`) }
      writeFileSync(files.key, privateKey.export({ format: "pem", type: "pkcs8" }))
      writeFileSync(files.pub, publicKey.export({ format: "pem", type: "spki" }))
      return files
    }
    try {
      const [mine, other] = [pair("mine"), pair("other")]
      const published = await commandLine("publish", ...common, "--tags", "signed", "--sign-key", mine.key)
      const reference = answer(published).trim()
      expect(published.stderr).not.toContain("nothing is signed")
      const verified = await commandLine("verify", `${repository}:signed-act`, "--key", mine.pub, "--json")
      expect(JSON.parse(answer(verified))).toMatchObject({ verified: true, digest: reference.split("@")[1] })
      const wrong = await commandLine("verify", reference, "--key", other.pub)
      expect([wrong.exitCode, wrong.stderr]).toEqual([3, expect.stringContaining("another key signed it")])
      const inspected = answer(await commandLine("inspect", `${repository}:signed-act`))
      for (const kind of ["CycloneDX", "SPDX", "provenance", "signature", "test results"])
        expect(inspected).toContain(kind)
      answer(await commandLine("promote", `${repository}:signed-act`, "promoted-act"))
      expect(await raw(`${repository}:promoted-act`)).toBe(await raw(reference))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it("says that a tag is not there", async () => {
    const result = await commandLine("test", `${repository}:absent`, "--platforms", "linux/amd64")
    expect(refusal(result, 5)).toContain(`${repository}:absent`)
  })
})

it("refuses the act runner with --sources auto before anything is built, once it is known that GitHub's runner cannot be had", async () => {
  const server = createServer((_, response) => response.writeHead(404).end())
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  try {
    const words = ["--mirror", `http://127.0.0.1:${String(port)}`, "--repository", ELSEWHERE, "--tags", "try"]
    const said = refusal(await commandLine("publish", "--sources", "auto", ...words), 2)
    expect(said).toContain("[ACT_RUNNER_REFUSED]")
    expect(said).toMatch(/tools from registry: runner; 2 of 2 pinned files cannot be had: /)
    expect(said).not.toMatch(/resolve packages/)
  } finally {
    server.close()
  }
})

describe("what is refused before any work", () => {
  it.each<[string, string, string[]]>([
    ["without a tag", "[REFERENCE_INVALID]", ["--sources", "registry", "--runner", "act", "--repository", ELSEWHERE]],
    [
      "the act runner that nobody asked for",
      "[ACT_RUNNER_REFUSED]",
      ["--sources", "registry", "--repository", ELSEWHERE, "--tags", "try"],
    ],
  ])("%s", async (_, code, words) => {
    expect(refusal(await commandLine("publish", ...words), 2)).toContain(code)
  })
})
