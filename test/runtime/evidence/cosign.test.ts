import { execa } from "execa"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { layoutImages } from "../../../dagger/src/core/evidence/layout-images.js"
import { readPublished } from "../../../dagger/src/core/evidence/published-image.js"
import { keyTrust } from "../../../dagger/src/core/evidence/trust.js"
import { verifyImage } from "../../../dagger/src/core/evidence/verification.js"
import { EVIDENCE_TYPES } from "../../../dagger/src/core/evidence/kinds.js"
import { COSIGN_KEY } from "../../unit/core/evidence/cosign-keys.js"
import { newSigner, published } from "../../unit/core/evidence/published.js"
import { readSigningKey } from "../../../dagger/src/core/evidence/signing-key.js"
import { keySigner } from "../../../dagger/src/pipeline/evidence/signers.js"
import { program, startRegistry, type TestRegistry } from "./registry.js"

const SIGNATURE = EVIDENCE_TYPES.signature.predicateType
const MINUTES = 5 * 60_000
const PROGRAMS = ["cosign", "regctl", "docker-registry"]
const missing = (await Promise.all(PROGRAMS.map(async (name) => ((await program(name)) ? [] : [name])))).flat()
const reason = missing.length === 0 ? "" : ` (skipped: this machine has no ${missing.join(", ")})`

let folder: string
let registry: TestRegistry
const home = () => ({ HOME: folder, DOCKER_CONFIG: join(folder, "docker"), COSIGN_PASSWORD: COSIGN_KEY.passphrase })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cosign-"))
  if (missing.length === 0) registry = await startRegistry(folder)
}, MINUTES)

afterAll(async () => {
  if (missing.length === 0) await registry.stop()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

async function run(name: string, ...words: string[]) {
  const { exitCode, all } = await execa(name, words, { env: home(), reject: false, all: true, stdin: "ignore" })
  return { exitCode, output: all.replaceAll(registry.address, "REGISTRY") }
}

/** Pushes a layout with everything that refers to its images. */
async function push(name: string, image: Awaited<ReturnType<typeof published>>): Promise<string> {
  const layout = join(folder, name)
  image.layout.addFallbackTags()
  image.layout.write(layout)
  const repository = `${registry.address}/owner/${name}`
  await run("regctl", "registry", "set", "--tls", "disabled", registry.address)
  const pushed = await run(
    "regctl",
    "image",
    "copy",
    "--referrers",
    `ocidir://${layout}:latest`,
    `${repository}:latest`,
  )
  expect(pushed.exitCode, pushed.output).toBe(0)
  return repository
}

/** Reads an image with everything about it from the registry, by way of a layout that regctl writes. */
async function pull(repository: string) {
  const layout = mkdtempSync(join(folder, "pulled-"))
  const pulled = await run(
    "regctl",
    "image",
    "copy",
    "--referrers",
    `${repository}:latest`,
    `ocidir://${layout}:latest`,
  )
  expect(pulled.exitCode, pulled.output).toBe(0)
  const reader = layoutImages((path) => readFile(join(layout, path), "utf8").catch(() => undefined))
  const image = await readPublished(reader, ":latest")
  if (!image) throw new Error("nothing came back")
  return image
}

const payload = (bundle: string) =>
  (JSON.parse(bundle) as { dsseEnvelope?: { payload: string } }).dsseEnvelope?.payload ?? ""

/** By cosign itself, with a public key, without a transparency log. */
const cosign = (command: string, key: string, ...words: string[]) =>
  run("cosign", command, "--key", key, "--insecure-ignore-tlog=true", "--allow-http-registry", ...words)

const KEYS = [
  ["of P-256", () => newSigner("ec")],
  ["of Ed25519", () => newSigner("ed25519")],
  [
    "that cosign made",
    () => {
      const key = readSigningKey(COSIGN_KEY.privateKey, COSIGN_KEY.passphrase, "cosign.key")
      return { sign: keySigner(key), publicKey: COSIGN_KEY.publicKey }
    },
  ],
] as const

describe.skipIf(missing.length > 0)(`cosign${reason}`, () => {
  it.each(KEYS)("verifies the signatures and attestations of a key %s", { timeout: MINUTES }, async (name, signer) => {
    const { sign, publicKey } = signer()
    const image = await published({ sign })
    const repository = await push(name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"), image)
    const key = join(folder, "key.pub")
    writeFileSync(key, publicKey)
    const { index, amd64, arm64 } = image.digests
    for (const digest of [index, amd64, arm64]) {
      const { exitCode, output } = await cosign("verify", key, `${repository}@${digest}`)
      expect(exitCode, output).toBe(0)
    }
    for (const [digest, kinds] of [
      [index, ["provenance", "tests"]],
      [amd64, ["provenance", "tests", "spdx", "cyclonedx"]],
    ] as const)
      for (const kind of kinds) {
        const type = EVIDENCE_TYPES[kind].cosign ?? ""
        const { exitCode, output } = await cosign("verify-attestation", key, "--type", type, `${repository}@${digest}`)
        expect(exitCode, output).toBe(0)
      }
  })

  it("signs images that are verified here, when they come back from a registry", { timeout: MINUTES }, async () => {
    const mine = newSigner()
    const image = await published({
      ...mine,
      attached: (all, { amd64 }) =>
        all.filter(({ subject, content }) => !(subject === amd64 && atob(payload(content)).includes(SIGNATURE))),
    })
    const repository = await push("signed-by-both", image)
    const [key, config] = [join(folder, "cosign.key"), join(folder, "signing-config.json")]
    writeFileSync(key, COSIGN_KEY.privateKey)
    // No servers: it signs without a transparency log.
    writeFileSync(config, '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}')
    const trust = keyTrust(`${mine.publicKey}${COSIGN_KEY.publicKey}`, "keys.pub")
    const demands = { trust, repository: "ghcr.io/owner/github-runner", platforms: ["linux/amd64", "linux/arm64"] }
    const failed = async () =>
      verifyImage(await pull(repository), demands).findings.filter(({ verdict }) => verdict === "failed")
    expect(await failed()).toMatchObject([{ subject: "linux/amd64", examined: "signature" }])
    const signed = await run(
      "cosign",
      ...["sign", "--key", key, "--signing-config", config, "--yes", "--allow-http-registry"],
      `${repository}@${image.digests.amd64}`,
    )
    expect(signed.exitCode, signed.output).toBe(0)
    expect(await failed()).toEqual([])
  })

  it("refuses another key, and an image that is not signed", { timeout: MINUTES }, async () => {
    const image = await published(newSigner())
    const repository = await push("refused", image)
    const key = join(folder, "another.pub")
    writeFileSync(key, newSigner().publicKey)
    const another = await cosign("verify", key, `${repository}@${image.digests.index}`)
    expect(another.exitCode).toBe(1)
    expect(another.output).toMatch(/no matching attestations: failed to verify signature/)
    const unsigned = await published({ layer: "not signed" })
    const other = await push("unsigned", unsigned)
    const nobody = await cosign("verify", key, `${other}@${unsigned.digests.index}`)
    expect(nobody.exitCode).not.toBe(0)
    expect(nobody.output).toMatch(/no signatures found|no valid bundles exist/)
  })
})
