import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { beforeAll, describe, expect, it } from "vitest"
import { readSigningKey } from "../../../dagger/src/core/evidence/signing-key.js"
import { blobPath } from "../../../dagger/src/core/oci/documents.js"
import { keySigner } from "../../../dagger/src/pipeline/evidence/signers.js"
import type { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { runCommandLine } from "../../../src/commands/parser.js"
import { PlainTerminal } from "../../../src/output/plain.js"
import { Interrupts } from "../../../src/session/interrupt.js"
import { COSIGN_KEY, OPEN_COSIGN_KEY } from "../core/evidence/cosign-keys.js"
import { REPOSITORY } from "../core/evidence/evidenced.js"
import { published } from "../core/evidence/published.js"
import { commandLine, refusal, WORK } from "./command-line.js"

const FOLDER = join(WORK, "verify")
const place = (name: string) => join(FOLDER, name)
const KEY = ["--key", place("cosign.pub")]
const TRUST = [...KEY, "--repository", REPOSITORY]
let index = ""

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(place("cosign.pub"), COSIGN_KEY.publicKey)
  writeFileSync(place("other.pub"), OPEN_COSIGN_KEY.publicKey)
  writeFileSync(place("cosign.key"), COSIGN_KEY.privateKey)
  const key = readSigningKey(COSIGN_KEY.privateKey, COSIGN_KEY.passphrase, "cosign.key")
  const { layout, digests } = await published({ sign: keySigner(key) })
  index = digests.index
  layout.addFallbackTags()
  layout.write(place("signed"))
  const changed = await published({ sign: keySigner(key) })
  const path = blobPath(changed.digests.arm64)
  changed.layout.files.set(path, `${changed.layout.files.get(path) ?? ""} `)
  changed.layout.write(place("changed"))
  const several = await published({ sign: keySigner(key) })
  several.layout.name(several.layout.image("arm64", "of another build"), "next")
  several.layout.write(place("several"))
})

/** What a command line answers in this process, and the error that it ends with. */
async function answer(...words: string[]): Promise<{ text: string; error?: RunnerImagesError }> {
  let text = ""
  const terminal = new PlainTerminal(new PassThrough())
  const given = (said: string) => (text += said.replaceAll(FOLDER, "<folder>"))
  const context = { terminal, interrupts: new Interrupts(() => undefined), answer: given }
  try {
    await runCommandLine(["verify", ...words], context)
    return { text }
  } catch (error) {
    return { text, error: error as RunnerImagesError }
  } finally {
    terminal.close()
  }
}

describe("verify", () => {
  it("prints cosign's commands for a registry without TLS, too", async () => {
    const cosign = async (...words: string[]) =>
      (await answer(place("signed"), ...TRUST, ...words)).text.match(/cosign verify.*/g)
    const plain = await cosign("--plain-http")
    expect(plain?.map((line) => line.replace(" --allow-http-registry", ""))).toEqual(await cosign())
    expect(plain?.every((line) => line.includes(" --allow-http-registry "))).toBe(true)
  })

  it("prints what it examined, and cosign's commands for the same", async () => {
    const { text, error } = await answer(place("signed"), ...TRUST)
    expect(error).toBeUndefined()
    expect(text).toMatchInlineSnapshot(`
      "┌─────────────┬────────────┬────┬───────────────────────────────────────────────────────────────────────────────────┐
      │ of          │ examined   │    │ because                                                                           │
      ├─────────────┼────────────┼────┼───────────────────────────────────────────────────────────────────────────────────┤
      │ index       │ contents   │ ok │ as its digest says                                                                │
      │ index       │ platforms  │ ok │ linux/amd64, linux/arm64                                                          │
      │ index       │ signature  │ ok │ about this image                                                                  │
      │ index       │ provenance │ ok │ built by version 0.1.0 from an unknown place at an unknown commit, of 9 materials │
      │ index       │ tests      │ ok │ 2 passed                                                                          │
      │ index       │ report     │ ok │ the one that the test results name                                                │
      │ linux/amd64 │ contents   │ ok │ as its digest says                                                                │
      │ linux/amd64 │ signature  │ ok │ about this image                                                                  │
      │ linux/amd64 │ provenance │ ok │ built by version 0.1.0 from an unknown place at an unknown commit, of 9 materials │
      │ linux/amd64 │ tests      │ ok │ 1 passed                                                                          │
      │ linux/amd64 │ spdx       │ ok │ a document about this image                                                       │
      │ linux/amd64 │ cyclonedx  │ ok │ a document about this image                                                       │
      │ linux/arm64 │ contents   │ ok │ as its digest says                                                                │
      │ linux/arm64 │ signature  │ ok │ about this image                                                                  │
      │ linux/arm64 │ provenance │ ok │ built by version 0.1.0 from an unknown place at an unknown commit, of 9 materials │
      │ linux/arm64 │ tests      │ ok │ 1 passed                                                                          │
      │ linux/arm64 │ spdx       │ ok │ a document about this image                                                       │
      │ linux/arm64 │ cyclonedx  │ ok │ a document about this image                                                       │
      └─────────────┴────────────┴────┴───────────────────────────────────────────────────────────────────────────────────┘

      sha256:7b4ebe43d1691a6c97f5225f3e952711109935d7c94add8a3bb866cd2cd0126c is verified
      Signed by key f/v0gYXuR9O840EpiSrkCnGgJ3Az2YoNSNnjtGtvWZk=

      cosign 3 verifies signatures and attestations with:
        cosign verify --key <folder>/cosign.pub --insecure-ignore-tlog=true ghcr.io/owner/github-runner@sha256:7b4ebe43d1691a6c97f5225f3e952711109935d7c94add8a3bb866cd2cd0126c
        cosign verify-attestation --type slsaprovenance1 --key <folder>/cosign.pub --insecure-ignore-tlog=true ghcr.io/owner/github-runner@sha256:7b4ebe43d1691a6c97f5225f3e952711109935d7c94add8a3bb866cd2cd0126c
        cosign verify-attestation --type https://in-toto.io/attestation/test-result/v0.1 --key <folder>/cosign.pub --insecure-ignore-tlog=true ghcr.io/owner/github-runner@sha256:7b4ebe43d1691a6c97f5225f3e952711109935d7c94add8a3bb866cd2cd0126c
        cosign verify --key <folder>/cosign.pub --insecure-ignore-tlog=true ghcr.io/owner/github-runner@sha256:c7559fcc710eb835976594ceba497342e74ac6f4651850a4fff6b7b39b490ab7
        cosign verify-attestation --type slsaprovenance1 --key <folder>/cosign.pub --insecure-ignore-tlog=true ghcr.io/owner/github-runner@sha256:c7559fcc710eb835976594ceba497342e74ac6f4651850a4fff6b7b39b490ab7
        cosign verify-attestation --type https://in-toto.io/attestation/test-result/v0.1 --key <folder>/cosign.pub --insecure-ignore-tlog=true ghcr.io/owner/github-runner@sha256:c7559fcc710eb835976594ceba497342e74ac6f4651850a4fff6b7b39b490ab7
        cosign verify-attestation --type spdxjson --key <folder>/cosign.pub --insecure-ignore-tlog=true ghcr.io/owner/github-runner@sha256:c7559fcc710eb835976594ceba497342e74ac6f4651850a4fff6b7b39b490ab7
        cosign verify-attestation --type cyclonedx --key <folder>/cosign.pub --insecure-ignore-tlog=true ghcr.io/owner/github-runner@sha256:c7559fcc710eb835976594ceba497342e74ac6f4651850a4fff6b7b39b490ab7
        cosign verify --key <folder>/cosign.pub --insecure-ignore-tlog=true ghcr.io/owner/github-runner@sha256:3208ef5dec71cd271d63def78c86e9a3d1166b2d4eb1f2ed2fec6111da0680ca
        cosign verify-attestation --type slsaprovenance1 --key <folder>/cosign.pub --insecure-ignore-tlog=true ghcr.io/owner/github-runner@sha256:3208ef5dec71cd271d63def78c86e9a3d1166b2d4eb1f2ed2fec6111da0680ca
        cosign verify-attestation --type https://in-toto.io/attestation/test-result/v0.1 --key <folder>/cosign.pub --insecure-ignore-tlog=true ghcr.io/owner/github-runner@sha256:3208ef5dec71cd271d63def78c86e9a3d1166b2d4eb1f2ed2fec6111da0680ca
        cosign verify-attestation --type spdxjson --key <folder>/cosign.pub --insecure-ignore-tlog=true ghcr.io/owner/github-runner@sha256:3208ef5dec71cd271d63def78c86e9a3d1166b2d4eb1f2ed2fec6111da0680ca
        cosign verify-attestation --type cyclonedx --key <folder>/cosign.pub --insecure-ignore-tlog=true ghcr.io/owner/github-runner@sha256:3208ef5dec71cd271d63def78c86e9a3d1166b2d4eb1f2ed2fec6111da0680ca"
    `)
  })

  it("is JSON for programs", async () => {
    const { text, error } = await answer(place("signed"), ...TRUST, "--json")
    expect(error).toBeUndefined()
    const { digest, verified, findings, cosign } = JSON.parse(text) as Record<string, unknown>
    expect({ digest, verified }).toEqual({ digest: index, verified: true })
    expect(findings).toHaveLength(18)
    expect(cosign).toHaveLength(13)
  })

  it("ends with exit code 3 after the answer if anything is wrong", async () => {
    const { exitCode, stdout, stderr } = await commandLine(["verify", place("changed"), ...TRUST])
    expect(exitCode).toBe(3)
    expect(stdout).toContain("WRONG")
    expect(stdout).toContain(`${index} is not verified`)
    expect(stderr).toMatchInlineSnapshot(`
      "error: sha256:7b4ebe43d1691a6c97f5225f3e952711109935d7c94add8a3bb866cd2cd0126c is not verified: [VERIFICATION_FAILED]
        linux/arm64, contents: it was changed: its digest is sha256:101f41ef81ec1c14d8318f63d5ed58175078a82891ec2099a5cf6123a9f49ee7
      Do not run it. Get the image again from where it was published, and compare the digest with what its publisher says."
    `)
  })

  it("takes the image that --tag names of several", async () => {
    const { error } = await answer(place("several"), ...TRUST)
    expect(error?.message.replace(FOLDER, "<folder>")).toMatchInlineSnapshot(
      `"<folder>/several is not a layout with an image to verify: it has several images: latest, next. Copy the image with what refers to it, as in regctl image copy --referrers REFERENCE ocidir://FOLDER; with --tag, name one of several. [USAGE]"`,
    )
    expect((await answer(place("several"), ...TRUST, "--tag", "latest")).error).toBeUndefined()
    expect((await answer(place("several"), ...TRUST, "--tag", "next")).error?.code).toBe("VERIFICATION_FAILED")
    expect((await answer(place("several"), ...TRUST, "--tag", "none")).error?.problem).toMatch(
      /it has no image with the tag none/,
    )
  })

  it("demands all platforms unless told otherwise", async () => {
    const { layout } = await published({})
    rmSync(place("one"), { recursive: true, force: true })
    layout.name(layout.index([layout.image("amd64")]), "one")
    layout.write(place("one"))
    const failed = async (...words: string[]) =>
      (await answer(place("one"), ...TRUST, "--tag", "one", ...words)).error?.details
    expect(await failed()).toContain("index, platforms: it has no image for linux/arm64")
    expect(await failed("--platforms", "linux/amd64")).not.toContain(
      "index, platforms: it has no image for linux/arm64",
    )
  })
})

describe("verify is refused", () => {
  it.each([
    ["without an image", []],
    ["without a repository", [place("signed"), ...KEY]],
    ["for a repository with a tag", [place("signed"), ...KEY, "--repository", `${REPOSITORY}:latest`]],
    ["without trust", [place("signed"), "--repository", REPOSITORY]],
    ["with a key and an identity", [place("signed"), ...TRUST, "--identity", "me@example.com"]],
    ["with half an identity", [place("signed"), "--repository", REPOSITORY, "--identity", "me@example.com"]],
    ["with a private key", [place("signed"), "--key", place("cosign.key"), "--repository", REPOSITORY]],
    ["with a key that does not exist", [place("signed"), "--key", place("none.pub"), "--repository", REPOSITORY]],
    ["for a folder that does not exist", [place("none"), ...TRUST]],
    ["for a folder that is no layout", [FOLDER, ...TRUST]],
    ["for an unknown platform", [place("signed"), ...TRUST, "--platforms", "linux/amd46"]],
  ])("%s", async (_, words) => {
    expect(await refusal("verify", ...words)).toMatchSnapshot()
  })
})
