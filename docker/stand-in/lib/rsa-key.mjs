import { createPrivateKey, generateKeyPair } from "node:crypto"
import { promisify } from "node:util"

/** The file's names for the numbers of a key, and those of JSON web keys. */
const NAMES = /** @type {const} */ ({
  modulus: "n",
  exponent: "e",
  d: "d",
  p: "p",
  q: "q",
  dp: "dp",
  dq: "dq",
  inverseQ: "qi",
})

/**
 * A new key, as the text of the file `.credentials_rsaparams` and as what the server gets of it.
 *
 * @returns {Promise<{ file: string, publicXml: string }>}
 */
export async function createKey() {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 })
  const jwk = privateKey.export({ format: "jwk" })
  const numbers = Object.fromEntries(
    Object.entries(NAMES).map(([name, short]) => [
      name,
      Buffer.from(String(jwk[short]), "base64url").toString("base64"),
    ]),
  )
  const { modulus, exponent } = numbers
  return {
    file: `${JSON.stringify(numbers, null, 2)}\n`,
    publicXml: `<RSAKeyValue><Modulus>${modulus}</Modulus><Exponent>${exponent}</Exponent></RSAKeyValue>`,
  }
}

/**
 * The key that the file has.
 *
 * @param {string} text
 */
export function readKey(text) {
  const numbers = JSON.parse(text)
  const jwk = Object.entries(NAMES).map(([name, short]) => [
    short,
    Buffer.from(numbers[name], "base64").toString("base64url"),
  ])
  return createPrivateKey({ format: "jwk", key: { kty: "RSA", ...Object.fromEntries(jwk) } })
}
