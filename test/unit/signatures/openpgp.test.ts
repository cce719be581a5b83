import { createCleartextMessage, readKey, sign } from "openpgp"
import { beforeAll, describe, expect, it } from "vitest"
import { BASES, securitySuiteOf } from "../../../dagger/src/core/variants/bases.js"
import { PLATFORMS } from "../../../dagger/src/core/platforms.js"
import { KEYS, trustedKeys } from "../../../src/signatures/keys.js"
import { verifiedText } from "../../../src/signatures/openpgp.js"
import { makeSigner, type Signer } from "./signer.js"

const AT = "http://archive.test/InRelease"
let vendor: Signer
let stranger: Signer

beforeAll(async () => {
  ;[vendor, stranger] = await Promise.all([makeSigner("Archive"), makeSigner("Stranger")])
})

describe("keys that are trusted", () => {
  it.each(Object.keys(KEYS))("%s are those that their fingerprints say", async (set) => {
    for (const { armored, fingerprint } of trustedKeys(set)) {
      const key = await readKey({ armoredKey: armored })
      expect(key.getFingerprint().toUpperCase()).toBe(fingerprint)
      expect(key.isPrivate()).toBe(false)
    }
  })

  it("include those of all bases, and these expire in no time soon", async () => {
    for (const { keys } of BASES.flatMap((base) => PLATFORMS.map((platform) => securitySuiteOf(base, platform))))
      for (const { armored } of trustedKeys(keys)) {
        const end = await (await readKey({ armoredKey: armored })).getExpirationTime()
        expect(end === Infinity || Number(end) > Date.parse("2027-12-01")).toBe(true)
      }
  })
})

describe("a signed text", () => {
  it("is what the key has signed, and nothing around it", async () => {
    const signed = await vendor.sign("Date: today\n- dashed\nend")
    expect((await verifiedText(signed, [vendor.key], AT)).text).toBe("Date: today\n- dashed\nend")
    expect((await verifiedText(signed.replaceAll("\n", "\r\n"), [vendor.key], AT)).text).toBe(
      "Date: today\n- dashed\nend",
    )
  })

  it("may have others' signatures as well", async () => {
    const message = await createCleartextMessage({ text: "both" })
    const both = await sign({ message, signingKeys: [stranger.privateKey, vendor.privateKey] })
    expect((await verifiedText(both, [vendor.key], AT)).text).toBe("both")
  })

  it.each<[string, () => Promise<string>, RegExp]>([
    ["by somebody else", () => stranger.sign("text"), /only others have signed it/],
    ["and changed", async () => (await vendor.sign("good")).replace("good", "evil"), /signed digest did not match/],
    [
      "and longer",
      async () => (await vendor.sign("good")).replace("good", "good\nmore"),
      /signed digest did not match/,
    ],
    ["without a signature", () => Promise.resolve("Date: today\n"), /it has no signature that can be read/],
    [
      "with a damaged signature",
      async () => {
        const signed = await vendor.sign("good")
        const inside = signed.lastIndexOf("\n-----END") - 20
        return `${signed.slice(0, inside)}${signed[inside] === "A" ? "B" : "A"}${signed.slice(inside + 1)}`
      },
      /verification failed|it has no signature|invalid/i,
    ],
  ])("is refused %s", async (_, make, why) => {
    const refused = verifiedText(await make(), [vendor.key], AT)
    await expect(refused).rejects.toMatchObject({ code: "SIGNATURE_INVALID", exitCode: 1 })
    await expect(refused).rejects.toThrow(why)
    await expect(refused).rejects.toThrow(`${AT} is not signed with the key ${vendor.key.fingerprint}: `)
  })

  it("is refused of a key that has expired", async () => {
    const short = await makeSigner("Short", { date: new Date("2026-01-01"), keyExpirationTime: 86_400 })
    const signed = await short.sign("text", new Date("2026-01-01T12:00:00Z"))
    const during = await verifiedText(signed, [short.key], AT, new Date("2026-01-01T13:00:00Z"))
    expect(during).toEqual({ text: "text", key: short.key.fingerprint })
    // Unless only the time of the signature counts, as for a release of last year.
    expect((await verifiedText(signed, [short.key], AT)).text).toBe("text")
    await expect(verifiedText(signed, [short.key], AT, new Date("2026-06-01"))).rejects.toThrow(/expired/)
  })

  it("may be signed with any of several keys, and says with which", async () => {
    const keys = [vendor.key, stranger.key]
    expect(await verifiedText(await stranger.sign("text"), keys, AT)).toEqual({
      text: "text",
      key: stranger.key.fingerprint,
    })
    const third = await makeSigner("Third")
    await expect(verifiedText(await third.sign("text"), keys, AT)).rejects.toThrow(
      "is not signed with any of 2 trusted keys: only others have signed it",
    )
  })

  it("is not verified with a key of another fingerprint", async () => {
    const signed = await stranger.sign("text")
    const swapped = { armored: stranger.key.armored, fingerprint: vendor.key.fingerprint }
    await expect(verifiedText(signed, [swapped], AT)).rejects.toThrow("has another key")
  })
})
