import { createHash, generateKeyPairSync } from "node:crypto"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { identityTrust } from "../../../dagger/src/core/evidence/trust.js"
import { publicTrustedRoot } from "../../../src/signatures/public-root.js"
import { startSigstore } from "./sigstore-servers.js"
import { startUpdateRepository, type UpdateRepository } from "./update-repository.js"

const HOUR = 3_600_000
const IDENTITY = {
  subject: "https://github.com/owner/repo/.github/workflows/x.yml@refs/heads/main",
  issuer: "https://i.example",
}

describe("sigstore's trusted root, by The Update Framework", () => {
  let root: string
  let repository: UpdateRepository

  beforeEach(async () => {
    const servers = await startSigstore()
    root = servers.trustedRoot
    await servers.stop()
    repository = await startUpdateRepository("trusted_root.json", root)
  })
  afterEach(async () => {
    await repository.stop()
    repository.remove()
  })

  const refused = async (why: RegExp) => {
    await expect(publicTrustedRoot(repository.source)).rejects.toMatchObject({
      code: "TRUST_UNAVAILABLE",
      problem: expect.stringMatching(why) as string,
    })
  }

  it("is fetched, and fetched again, and is one that images are verified by", async () => {
    for (let time = 0; time < 2; time++) {
      const text = await publicTrustedRoot(repository.source)
      expect(JSON.parse(text)).toEqual(JSON.parse(root))
      expect(identityTrust(IDENTITY, text, "it")).toMatchObject({ by: "identity", identity: IDENTITY })
    }
  })

  it("is refused if its content is not what was signed", async () => {
    const path = `targets/${createHash("sha256").update(root).digest("hex")}.trusted_root.json`
    repository.replace(path, root.replace("rekor.example", "rekor.attack."))
    await refused(/hash/)
  })

  it.each(["targets", "snapshot", "timestamp"] as const)("is refused if another key signed its %s", async (role) => {
    repository.publish(role, { key: generateKeyPairSync("ed25519").privateKey })
    await refused(new RegExp(`${role} was signed by 0/1 keys`))
  })

  it("is refused if a newer root was not signed with the key of the one that is trusted", async () => {
    repository.publish("root", { version: 2 })
    await publicTrustedRoot(repository.source)
    repository.publish("root", { version: 3, key: generateKeyPairSync("ed25519").privateKey })
    await refused(/root was signed by 0\/1 keys/)
  })

  it.each(["targets", "snapshot", "timestamp"] as const)(
    "is refused if its %s has expired, as when newer ones are withheld",
    async (role) => {
      repository.publish(role, { expires: new Date(Date.now() - HOUR) })
      await refused(/is expired/)
    },
  )

  it("is refused if the server has none, or is not there, and the message names both", async () => {
    repository.replace("timestamp.json", "no JSON")
    await refused(/JSON/)
    await repository.stop()
    await refused(new RegExp(`cannot be had from ${repository.source.mirror}: .*ECONNREFUSED`))
  })
})
