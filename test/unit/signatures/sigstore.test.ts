import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SIGSTORE_ROOT } from "../../../src/signatures/keys.js"
import { attestedBy } from "../../../src/signatures/sigstore.js"
import { sigstoreService, type SigstoreService } from "./sigstore-service.js"

const AT = "https://api.github.test/attestations"
const [SUM, OTHER] = ["a".repeat(64), "b".repeat(64)]
const WORKFLOW = {
  identity: "https://github.com/cli/cli/.github/workflows/deployment.yml@refs/heads/trunk",
  repository: "cli/cli",
}
const FILE = { sha256: SUM, repository: "cli/cli" }

let service: SigstoreService
let stranger: SigstoreService
beforeAll(async () => {
  ;[service, stranger] = await Promise.all([sigstoreService(), sigstoreService()])
})
afterAll(() => {
  service.close()
  stranger.close()
})

describe("an attestation of a vendor's file", () => {
  it("names the workflow that made it", async () => {
    const bundle = await service.attest(WORKFLOW, [OTHER, SUM])
    expect(attestedBy(bundle, FILE, AT, service.root)).toEqual({
      identity: WORKFLOW.identity,
      issuer: "https://token.actions.githubusercontent.com",
    })
  })

  it("may be signed by the workflow of another repository, if that is known", async () => {
    const identity = "https://github.com/docker/github-builder/.github/workflows/bake.yml@refs/tags/v1"
    const bundle = await service.attest({ identity, repository: "docker/buildx" }, [SUM])
    const file = { sha256: SUM, repository: "docker/buildx" }
    expect(attestedBy(bundle, { ...file, signer: "docker/github-builder" }, AT, service.root).identity).toBe(identity)
    expect(() => attestedBy(bundle, file, AT, service.root)).toThrow("certificate identity error")
  })

  it.each<[string, () => Promise<string>, RegExp]>([
    ["about another file", () => service.attest(WORKFLOW, [OTHER]), /it is about other files/],
    [
      "of another kind",
      () => service.attest(WORKFLOW, [SUM], "https://spdx.dev/Document"),
      /it says nothing of how the file was built, but is a https:\/\/spdx\.dev\/Document/,
    ],
    ["that a stranger's service signed", () => stranger.attest(WORKFLOW, [SUM]), /Failed to verify certificate chain/],
    [
      "by a workflow of a repository that begins alike",
      () => service.attest({ ...WORKFLOW, identity: WORKFLOW.identity.replace("cli/cli/", "cli/cli-2/") }, [SUM]),
      /certificate identity error/,
    ],
    [
      "by the right workflow, of another repository's code",
      () => service.attest({ ...WORKFLOW, repository: "mallory/cli" }, [SUM]),
      /missing OID 1\.3\.6\.1\.4\.1\.57264\.1\.12/,
    ],
    [
      "whose issuer is not GitHub",
      () => service.attest({ ...WORKFLOW, issuer: "https://accounts.example" }, [SUM]),
      /invalid certificate extension/,
    ],
    [
      "that was changed",
      async () => {
        const bundle = JSON.parse(await service.attest(WORKFLOW, [OTHER])) as { dsseEnvelope: { payload: string } }
        const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString().replace(OTHER, SUM)
        bundle.dsseEnvelope.payload = Buffer.from(payload).toString("base64")
        return JSON.stringify(bundle)
      },
      /DSSE payload hash mismatch/,
    ],
    [
      "without its entry in the log",
      async () => {
        const bundle = JSON.parse(await service.attest(WORKFLOW, [SUM])) as {
          verificationMaterial: { tlogEntries: unknown[] }
        }
        bundle.verificationMaterial.tlogEntries = []
        return JSON.stringify(bundle)
      },
      /expected 1 timestamps, got 0/,
    ],
    ["that is none", () => Promise.resolve("{}"), /invalid bundle/],
    ["that is not JSON", () => Promise.resolve("<html>"), /not valid JSON/],
  ])("is refused %s", async (_, make, why) => {
    const bundle = await make()
    const verify = () => attestedBy(bundle, FILE, AT, service.root)
    expect(verify).toThrow(expect.objectContaining({ code: "SIGNATURE_INVALID", exitCode: 1 }))
    expect(verify).toThrow(`${AT} has an attestation of ${SUM} that does not prove that it is cli/cli's: `)
    expect(verify).toThrow(why)
  })

  it("of the tests' service is nothing to the root that is trusted, which can be read", async () => {
    const root = readFileSync(SIGSTORE_ROOT, "utf8")
    expect((JSON.parse(root) as { tlogs: { baseUrl: string }[] }).tlogs.map(({ baseUrl }) => baseUrl)).toContain(
      "https://rekor.sigstore.dev",
    )
    const bundle = await service.attest(WORKFLOW, [SUM])
    expect(() => attestedBy(bundle, FILE, AT, root)).toThrow(/that does not prove/)
  })
})
