import { generateKeyPairSync } from "node:crypto"
import { describe, expect, it } from "vitest"
import { signingOnce } from "../../../../dagger/src/core/evidence/earlier.js"
import type { StatementSigner } from "../../../../dagger/src/core/evidence/evidence.js"
import { readSigningKey } from "../../../../dagger/src/core/evidence/signing-key.js"
import { keySigner, type Witnesses } from "../../../../dagger/src/pipeline/evidence/signers.js"

const key = () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  return readSigningKey(privateKey.export({ format: "pem", type: "pkcs8" }).toString(), undefined, "the test's key")
}
const MINE = key()
const STATEMENT = '{"_type":"https://in-toto.io/Statement/v1"}'
const OTHER = '{"_type":"https://in-toto.io/Statement/v1","predicateType":"another"}'

/** What is signed of two statements if some bundles are there already: those bundles, by their places, or "new". */
async function signed(sign: StatementSigner, earlier: readonly string[]): Promise<(number | "new")[]> {
  const made = await Promise.all([STATEMENT, OTHER].map(signingOnce(sign, earlier)))
  return made.map((bundle) => (earlier.includes(bundle) ? earlier.indexOf(bundle) : "new"))
}

describe("what is signed already", () => {
  const sign = keySigner(MINE)

  it("is not signed again, though each signature is another one", async () => {
    const [first, second] = [await sign(STATEMENT), await sign(STATEMENT)]
    expect(first).not.toBe(second)
    expect(await signed(sign, [await sign(OTHER), first, second])).toEqual([1, 0])
  })

  it("counts only with the same key and statement, and as long as it holds", async () => {
    const bundle = await sign(STATEMENT)
    const changed = bundle.replace(
      Buffer.from(STATEMENT).toString("base64"),
      Buffer.from(STATEMENT.replace("v1", "v2")).toString("base64"),
    )
    expect(changed).not.toBe(bundle)
    expect(await signed(sign, [changed, await keySigner(key())(STATEMENT), "{}", "", '{"report":1}'])).toEqual([
      "new",
      "new",
    ])
  })

  it.each<[string, Witnesses]>([
    ["a transparency log", { rekor: { url: "https://rekor.example", version: 1 } }],
    ["a timestamp authority", { timestamps: "https://time.example" }],
  ])("is signed again if %s is to record it, and has not", async (_, witnesses) => {
    const bundle = await sign(STATEMENT)
    expect(keySigner(MINE, witnesses).recognise?.(bundle)).toBeUndefined()
    expect(sign.recognise?.(bundle)).toBe(STATEMENT)
  })

  it("is signed again for an identity, of which nobody here knows whom to trust", async () => {
    const unknown: StatementSigner = (statement) => Promise.resolve(`bundle of ${statement}`)
    expect(signingOnce(unknown, [await sign(STATEMENT)])).toBe(unknown)
  })
})
