import type { Found, Settings } from "./settings.js"

/** Kinds of keys by the words in their first line. GitHub creates the first for an App. */
export const RSA_KEYS = ["RSA PRIVATE KEY", "PRIVATE KEY"] as const
export const TLS_KEYS = [...RSA_KEYS, "EC PRIVATE KEY"] as const

const PEM = /^-----BEGIN ([A-Z0-9 ]+)-----\s([^]*)\s-----END \1-----$/

/** Characters of a line, as OpenSSL writes it. */
const LINE = /.{1,64}/g

/**
 * A private key in PEM format, as OpenSSL writes it, from what becomes of it on its way into a variable: line ends of Windows, `\n` or spaces in
 * place of line ends, indentation. An error never quotes it.
 *
 * @param kinds that are accepted
 */
export function readPrivateKey(settings: Settings, { name, value }: Found, kinds: readonly string[]): string {
  const text = value.replace(/\\r|\\n/g, "\n").trim()
  const [, kind = "", body = ""] = PEM.exec(text) ?? []
  const problem = kind === "" ? notPem(name, text) : problemOf(kind, body, kinds)
  if (problem) {
    settings.wrong(name, ...problem)
    return text
  }
  const lines = body.replace(/\s+/g, "").match(LINE) ?? []
  return [`-----BEGIN ${kind}-----`, ...lines, `-----END ${kind}-----`].join("\n")
}

type Problem = readonly [problem: string, remedy: string]

const NO_KEY: Problem = [
  "is not a private key",
  "Give it in PEM format, from -----BEGIN to -----END, with line breaks or \\n between its lines.",
]

function problemOf(kind: string, body: string, kinds: readonly string[]): Problem | undefined {
  if (kind === "ENCRYPTED PRIVATE KEY" || body.includes("ENCRYPTED"))
    return ["is a key with a passphrase", "Give the key without one: openssl pkey -in KEY.pem -out NEW.pem."]
  if (!kinds.includes(kind))
    return [`begins with -----BEGIN ${kind}-----`, `Give a key that begins with ${list(kinds)}.`]
  return /^[A-Za-z0-9+/=\s]+$/.test(body) ? undefined : NO_KEY
}

function notPem(name: string, text: string): Problem {
  const base64 = /^[A-Za-z0-9+/=_\s-]+$/.test(text)
  if (base64 && Buffer.from(text, "base64").toString("latin1").includes("-----BEGIN "))
    return ["is a key in base64", "Decode it first, as base64 --decode does."]
  // What every key in DER begins with.
  if (base64 && text.startsWith("MII"))
    return ["lacks the first and the last line of a key", "Give all of it, from -----BEGIN to -----END."]
  if (/^(?:~|\.{0,2})\/\S+$|^\S+\.(?:pem|key)$/.test(text))
    return name.endsWith("_FILE")
      ? ["names a file that has a path in it, not a key", "Write the key itself into the file, or name the key's file."]
      : ["is a path, not a key", `Set ${name}_FILE to the path.`]
  if (text.startsWith("-----BEGIN "))
    return [
      "is only a part of a key",
      "Give all of it, with \\n between its lines where a line break would end the value.",
    ]
  return NO_KEY
}

function list(kinds: readonly string[]): string {
  return kinds.map((kind) => `-----BEGIN ${kind}-----`).join(" or ")
}
