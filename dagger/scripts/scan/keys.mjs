// Tells files that are private keys, or stores of them, whatever they are called and wherever they are.
import { createPrivateKey } from "node:crypto"

/** A block with a body: manuals and parsers name the first line alone. Programs' texts spell the line's end. */
const PEM =
  /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\r|\\n)+(?:[A-Za-z-]+: .*\s+)*[A-Za-z0-9+/]{32}/

/** Other texts: PuTTY's, age's, and those of GnuPG's agent in both of its formats. */
const TEXTS = [
  /^PuTTY-User-Key-File-\d+: /,
  /\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b/,
  /^\(\d+:(?:protected-|shadowed-)?private-key\(/,
  /^Key: \((?:protected-|shadowed-)?private-key /m,
]

/** The types of a PKCS#12 store's entries that are keys, plain and encrypted (RFC 7292, 4.2), in DER. */
const KEY_BAGS = ["060b2a864886f70d010c0a0101", "060b2a864886f70d010c0a0102"].map((hex) => Buffer.from(hex, "hex"))
const ENCRYPTED_KEY = Buffer.from("06092a864886f70d01050d", "hex")

/** First bytes of Java's stores, JKS and JCEKS. */
const JAVA_STORES = new Set([0xfeedfeed, 0xcececece])

/** Whether a file has to be read as a whole, whatever its size: Java's stores of certificates are large. @param {Buffer} head */
export function isKeyStore(head) {
  return head.length >= 12 && JAVA_STORES.has(head.readUInt32BE(0)) && [1, 2].includes(head.readUInt32BE(4))
}

/** What kind of private key is in a file; undefined if none is. @param {Buffer} content @returns {string | undefined} */
export function privateKeyIn(content) {
  if (isKeyStore(content)) return javaKeyIn(content) ? "private key in a Java keystore" : undefined
  if (content[0] === 0x30 && isWholeDer(content)) return derKeyIn(content)
  if (!content.includes("PRIVATE KEY") && !content.includes("rivate-key") && !mayBeOther(content)) return undefined
  const text = content.toString("latin1")
  // A program that writes keys has their first line.
  if (content.includes(0)) return undefined
  return PEM.test(text) || TEXTS.some((pattern) => pattern.test(text)) ? "private key" : undefined
}

/** @param {Buffer} content */
function mayBeOther(content) {
  return content.includes("PuTTY-User-Key-File") || content.includes("AGE-SECRET-KEY-1")
}

/** Whether an ASN.1 sequence is as long as the file. @param {Buffer} content */
function isWholeDer(content) {
  const first = content[1] ?? 0
  if (first < 0x80) return content.length === 2 + first
  const bytes = first & 0x7f
  if (bytes === 0 || bytes > 4 || content.length < 2 + bytes) return false
  return content.length === 2 + bytes + content.readUIntBE(2, bytes)
}

/** @param {Buffer} content */
function derKeyIn(content) {
  if (KEY_BAGS.some((bag) => content.includes(bag))) return "private key in a PKCS#12 store"
  // An encrypted key: a sequence of a sequence that begins with the algorithm of password-based encryption.
  if (content.subarray(0, 16).includes(ENCRYPTED_KEY)) return "private key"
  for (const type of ["pkcs8", "pkcs1", "sec1"])
    try {
      createPrivateKey({ key: content, format: "der", type })
      return "private key"
    } catch {
      // It is no key of this type.
    }
  return undefined
}

/**
 * Whether one of a store's entries is a private or a secret key. A store that cannot be followed to its end counts as one.
 *
 * @param {Buffer} content
 */
function javaKeyIn(content) {
  let at = 12
  const skip = (bytes) => (at += bytes)
  const short = () => content.readUInt16BE(skip(2) - 2)
  const int = () => content.readUInt32BE(skip(4) - 4)
  const named = content.readUInt32BE(4) === 2
  try {
    for (let left = content.readUInt32BE(8); left > 0; left--) {
      // 1 is a private key, 2 a certificate, 3 a secret key.
      if (int() !== 2) return true
      skip(short())
      skip(8)
      if (named) skip(short())
      skip(int())
    }
    return false
  } catch {
    return true
  }
}
