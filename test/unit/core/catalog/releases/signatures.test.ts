import { generateKeyPairSync, sign } from "node:crypto"
import { afterEach, beforeAll, describe, expect, it } from "vitest"
import { readCatalog } from "../../../../../dagger/src/core/catalog/pins.js"
import { audit } from "../../../../../dagger/src/core/catalog/releases/audit.js"
import { updatePins, type UpdatedPins } from "../../../../../dagger/src/core/catalog/releases/update.js"
import { TOOL_ENTRIES } from "../../../../../dagger/src/core/catalog/tools.js"
import type { VendorAccess } from "../../../../../dagger/src/core/catalog/vendor-access.js"
import { verifiersOf } from "../../../../../src/signatures/verifiers.js"
import { makeSigner, type Signer } from "../../../signatures/signer.js"
import { sigstoreService, type SigstoreService } from "../../../signatures/sigstore-service.js"
import { PINS_TEXT } from "../pins.js"
import { A, B, githubRelease, vendors, type Answers, type Vendors } from "./vendors.js"

let running: Vendors | undefined
afterEach(() => running?.close())

let releaser: Signer
let stranger: Signer
let sigstore: SigstoreService
const npmKey = generateKeyPairSync("ec", { namedCurve: "P-256" })
const npm = { "SHA256:test": npmKey.publicKey.export({ type: "spki", format: "der" }).toString("base64") }
beforeAll(async () => {
  ;[releaser, stranger, sigstore] = await Promise.all([
    makeSigner("Releaser"),
    makeSigner("Stranger"),
    sigstoreService(),
  ])
  return () => sigstore.close()
})

/** Updates one source of a tool with the tests' keys. */
async function update(
  tool: string,
  answers: Answers,
  client?: VendorAccess["client"],
  text = PINS_TEXT,
): Promise<UpdatedPins & { verified: unknown; state: unknown; reason: string | undefined }> {
  await running?.close()
  const verifiers = verifiersOf({ openPgp: () => [releaser.key], npm, sigstore: () => sigstore.root })
  running = await vendors(answers, client ?? (() => Promise.reject(new Error("there are no clients"))), verifiers)
  const updated = await updatePins(text, [tool], TOOL_ENTRIES, running.access)
  const source = client ? "registry" : "upstream"
  const { tools, problems } = readCatalog(updated.text, TOOL_ENTRIES)
  expect(problems).toEqual([])
  const { upstream, registry } = tools[tool] ?? {}
  const pinned = client ? registry : upstream
  const row = updated.updates.find((one) => one.source === source && one.tool === tool)
  return {
    ...updated,
    verified: pinned && "verifiedBy" in pinned ? pinned.verifiedBy : undefined,
    state: row?.state,
    reason: row?.reason?.replaceAll(running.url, "<mirror>"),
  }
}

describe("Node.js' signed checksums", () => {
  const INDEX = [{ version: "v24.22.0", date: "2026-10-10", files: ["linux-x64", "linux-arm64"] }]
  const sums = (x64 = A) => `${x64}  node-v24.22.0-linux-x64.tar.xz\n${B}  node-v24.22.0-linux-arm64.tar.xz\n`
  const answers = (signed: string | number, plain = sums()): Answers => ({
    "nodejs.org/dist/index.json": INDEX,
    "nodejs.org/dist/v24.22.0/SHASUMS256.txt": plain,
    "nodejs.org/dist/v24.22.0/SHASUMS256.txt.asc": signed,
  })

  it("are recorded with the key that signed them, and not asked for again", async () => {
    const found = await update("node", answers(await releaser.sign(sums())))
    expect(found.verified).toEqual({ by: "pgp", key: releaser.key.fingerprint })
    expect(found.updates[0]).toMatchObject({ state: "updated", signature: found.verified })
    const again = await update("node", answers(404), undefined, found.text)
    expect(again).toMatchObject({ state: "current", text: found.text, verified: found.verified })
    const rows = audit(readCatalog(found.text, TOOL_ENTRIES).tools).filter(
      ({ tool, source }) => tool === "node" && source === "upstream",
    )
    expect(rows.map(({ verified }) => verified)).toEqual(
      Array.from(
        { length: 2 },
        () => `SHA-256 in the catalog, pinned by signed list of checksums, OpenPGP key ${releaser.key.fingerprint}`,
      ),
    )
  })

  it("are learnt for the version that is pinned already", async () => {
    const unsigned = (await update("node", answers(await releaser.sign(sums())))).text.replace(
      /    verified:\n(      .*\n)+/,
      "",
    )
    const found = await update("node", answers(await releaser.sign(sums())), undefined, unsigned)
    expect(found).toMatchObject({ state: "completed", verified: { by: "pgp" } })
  })

  it.each<[string, () => Promise<string>]>([
    ["somebody else's", () => stranger.sign(sums())],
    ["of another file", () => releaser.sign(sums("c".repeat(64)))],
    ["changed", async () => (await releaser.sign(sums("c".repeat(64)))).replace("c".repeat(64), A)],
    ["none", () => Promise.resolve(sums())],
  ])("are an error if they are %s, and nothing is pinned", async (_, signed) => {
    await expect(update("node", answers(await signed()))).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
      exitCode: 1,
    })
  })

  it("are required: nothing is pinned without them", async () => {
    expect(await update("node", answers(404))).toMatchObject({ state: "unreachable", text: PINS_TEXT })
  })
})

describe("the signatures of npm's registry", () => {
  const integrity = `sha512-${"B".repeat(86)}==`
  const signature = (text: string) => sign("sha256", Buffer.from(text), npmKey.privateKey).toString("base64")
  const registry =
    (version: string, signatures: object[] | undefined, dist = integrity): VendorAccess["client"] =>
    (_, words) => {
      const answer =
        words[2] === "versions"
          ? { versions: [version], time: {} }
          : words[2] === "dist"
            ? { integrity: dist, ...(signatures ? { signatures } : {}) }
            : integrity
      return Promise.resolve(JSON.stringify(answer))
    }
  const signed = (version: string) => [{ keyid: "SHA256:test", sig: signature(`npm@${version}:${integrity}`) }]

  it("are recorded with the key's name", async () => {
    const found = await update("npm", {}, registry("11.22.0", signed("11.22.0")))
    expect(found).toMatchObject({ state: "updated", verified: { by: "npm-signature", key: "SHA256:test" } })
  })

  it.each([
    ["a mirror that leaves them out", undefined],
    ["of a key that is not known", [{ keyid: "SHA256:other", sig: "AAAA" }]],
  ])("are not claimed: %s", async (_, signatures) => {
    const found = await update("npm", {}, registry("11.22.0", signatures))
    expect(found).toMatchObject({ state: "updated", verified: { by: "published" } })
  })

  it("are an error if they are of something else", async () => {
    const other = registry("11.22.0", signed("11.21.9"))
    await expect(update("npm", {}, other)).rejects.toMatchObject({ code: "SIGNATURE_INVALID" })
    const replaced = registry("11.22.0", signed("11.22.0"), `sha512-${"C".repeat(86)}==`)
    await expect(update("npm", {}, replaced)).rejects.toMatchObject({ code: "SIGNATURE_INVALID" })
  })

  it("are never given up: a newer version without one is not pinned", async () => {
    const { text } = await update("npm", {}, registry("11.22.0", signed("11.22.0")))
    const found = await update("npm", {}, registry("11.23.0", undefined), text)
    expect(found).toMatchObject({
      state: "refused",
      text,
      reason: "11.23.0 has no signature, and 11.22.0 was verified by the registry's signature, key SHA256:test",
    })
  })
})

describe("Go's checksum database", () => {
  const sums = { amd64: `h1:A${"B".repeat(42)}=`, arm64: `h1:${"B".repeat(43)}=` }
  const go = (environment: Record<string, string> = {}, later = sums): VendorAccess["client"] => {
    let downloads = 0
    return (_, words) => {
      const arch = words.at(-1)?.endsWith("arm64") ? "arm64" : "amd64"
      const versions = ["amd64", "arm64"].map((one) => `v0.0.1-go1.27.4.linux-${one}`)
      const answers: Record<string, () => object> = {
        list: () => ({ Versions: versions }),
        env: () => ({
          GOSUMDB: "sum.golang.org",
          GOPROXY: "https://proxy.test,direct",
          GOVERSION: "go1.24.0",
          ...environment,
        }),
        mod: () => ({ Sum: (++downloads > 2 ? later : sums)[arch] }),
      }
      return Promise.resolve(JSON.stringify(answers[words[0] ?? ""]?.()))
    }
  }

  it("is recorded if the go command asks it", async () => {
    const found = await update("go", {}, go())
    expect(found).toMatchObject({ state: "updated", verified: { by: "go-sumdb", database: "sum.golang.org" } })
  })

  it.each([
    ["it is switched off", { GOSUMDB: "off" }],
    ["it is another one, with its own key", { GOSUMDB: "sum.example.org+abcd+key" }],
    ["modules come from a folder", { GOPROXY: "file:///modules" }],
    ["the go command is too old", { GOVERSION: "go1.20.14" }],
  ])("is not claimed if %s", async (_, environment) => {
    expect(await update("go", {}, go(environment))).toMatchObject({ state: "updated", verified: { by: "published" } })
  })

  it("is an error if it has another checksum", async () => {
    await expect(update("go", {}, go({}, { ...sums, arm64: sums.amd64 }))).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
    })
  })
})

describe("attestations of GitHub's workflows", () => {
  const WORKFLOW = {
    identity: "https://github.com/cli/cli/.github/workflows/deployment.yml@refs/heads/trunk",
    repository: "cli/cli",
  }
  const address = (sum: string) => `api.github.com/repos/cli/cli/attestations/sha256:${sum}?predicate_type=provenance`
  const release = {
    "api.github.com/repos/cli/cli/releases?per_page=50": [
      githubRelease("2.199.0", "2026-11-20", {
        "gh_2.199.0_linux_amd64.tar.gz": A,
        "gh_2.199.0_linux_arm64.tar.gz": B,
      }),
    ],
  }
  const listed = (...bundles: string[]) => ({
    attestations: bundles.map((bundle) => ({ bundle: JSON.parse(bundle) as object })),
  })

  it("are recorded with the workflow's identity", async () => {
    const [first, second] = [await sigstore.attest(WORKFLOW, [A]), await sigstore.attest(WORKFLOW, [B])]
    const found = await update("gh", { ...release, [address(A)]: listed(first), [address(B)]: listed(second) })
    expect(found.verified).toEqual({
      by: "sigstore",
      identity: WORKFLOW.identity,
      issuer: "https://token.actions.githubusercontent.com",
    })
    expect(found.text).toContain(`
    verified:
      by: sigstore
      identity: ${WORKFLOW.identity}
      issuer: https://token.actions.githubusercontent.com
`)
  })

  it("are taken from the asset beside the file, by a workflow of another repository if that is known", async () => {
    const builder = {
      identity: "https://github.com/docker/github-builder/.github/workflows/bake.yml@refs/tags/v1",
      repository: "docker/buildx",
    }
    const asset = (arch: string) => `github.com/docker/buildx/releases/download/v0.99.0/buildx-v0.99.0.linux-${arch}`
    const found = await update("buildx", {
      "api.github.com/repos/docker/buildx/releases?per_page=50": [
        githubRelease("0.99.0", "2026-11-20", { "buildx-v0.99.0.linux-amd64": A, "buildx-v0.99.0.linux-arm64": B }),
      ],
      [`${asset("amd64")}.sigstore.json`]: await sigstore.attest(builder, [A]),
      [`${asset("arm64")}.sigstore.json`]: await sigstore.attest(builder, [B]),
    })
    expect(found.verified).toMatchObject({ by: "sigstore", identity: builder.identity })
    expect(running?.asked.filter((path) => path.includes("/attestations/"))).toEqual([])
  })

  it("may stand beside others', which prove nothing", async () => {
    const other = await sigstore.attest({ ...WORKFLOW, repository: "mallory/cli" }, [A])
    const found = await update("gh", {
      ...release,
      [address(A)]: listed(other, await sigstore.attest(WORKFLOW, [A])),
      [address(B)]: listed(await sigstore.attest(WORKFLOW, [B])),
    })
    expect(found.verified).toMatchObject({ by: "sigstore" })
  })

  it.each<[string, () => Promise<Answers>]>([
    ["has none", () => Promise.resolve({})],
    ["has an empty list", () => Promise.resolve({ [address(A)]: listed(), [address(B)]: listed() })],
    ["has one for one file only", async () => ({ [address(A)]: listed(await sigstore.attest(WORKFLOW, [A])) })],
    [
      "has a signature of the file, without a statement",
      () => Promise.resolve({ [address(A)]: listed('{"messageSignature":{}}') }),
    ],
    [
      "has only their addresses",
      () => Promise.resolve({ [address(A)]: { attestations: [{ bundle: null, bundle_url: "https://a.test" }] } }),
    ],
  ])("are not claimed for a vendor who %s", async (_, attestations) => {
    const found = await update("gh", { ...release, ...(await attestations()) })
    expect(found).toMatchObject({ state: "updated", verified: { by: "published" } })
  })

  it.each<[string, () => Promise<string>]>([
    ["others'", () => sigstore.attest({ ...WORKFLOW, repository: "mallory/cli" }, [A])],
    ["of another file", () => sigstore.attest(WORKFLOW, [B])],
  ])("are an error if there are only %s", async (_, attest) => {
    const answers = { ...release, [address(A)]: listed(await attest()) }
    await expect(update("gh", answers)).rejects.toMatchObject({ code: "SIGNATURE_INVALID" })
  })

  it("that GitHub cannot be asked for leave the pins as they are", async () => {
    expect(await update("gh", { ...release, [address(A)]: 503 })).toMatchObject({
      state: "unreachable",
      text: PINS_TEXT,
    })
  })
})

describe("pins.yaml", () => {
  it.each([
    ["by: gpg", "npm.registry.verified.by: is not a signature: by pgp, sigstore, npm-signature, go-sumdb"],
    ["by: pgp", "npm.registry.verified.key: is missing"],
    ["by: pgp\n      key: ABC", "npm.registry.verified.key: is not a fingerprint"],
    ["by: npm-signature\n      key: SHA256:x\n      extra: y", "npm.registry.verified: "],
  ])("is refused with %s", (verified, problem) => {
    const text = PINS_TEXT.replace(/(npm:\n  registry:\n)/, `$1    verified:\n      ${verified}\n`)
    const { problems } = readCatalog(text, TOOL_ENTRIES)
    expect(problems.map(({ where, problem }) => `${where}: ${problem}`).join("\n")).toContain(problem)
  })
})
