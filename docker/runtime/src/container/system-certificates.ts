import { readdirSync } from "node:fs"
import { join } from "node:path"
import { textOf } from "../files/text-of.js"

/** Where Debian and Ubuntu keep what they trust, in one file. */
const BUNDLE = "etc/ssl/certs/ca-certificates.crt"

/** The distribution's own certificates, of which the bundle is made. */
const DISTRIBUTION = "usr/share/ca-certificates"

/** Where an administrator adds certificates, which update-ca-certificates puts into the bundle. */
const ADMINISTRATOR = "usr/local/share/ca-certificates"

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** The system's bundle of certificates. Compared as texts: cryptography takes memory. */
export interface SystemBundle {
  readonly path: string
  /** Empty if there is none. */
  readonly text: string
  /** Those that are not the distribution's, in PEM. */
  readonly added: readonly string[]
  /** @param certificate in PEM */
  has(certificate: string): boolean
}

export function readSystemBundle(root: string): SystemBundle {
  const path = join(root, BUNDLE)
  const text = read(path)
  const all = certificatesIn(text)
  const known = new Set(filesBelow(join(root, DISTRIBUTION)).flatMap((file) => certificatesIn(read(file)).map(body)))
  const bodies = new Set(all.map(body))
  return {
    path,
    text,
    added: all.filter((one) => !known.has(body(one))),
    has: (certificate) => bodies.has(body(certificate)),
  }
}

/** Files with an administrator's certificates, in folders too, as update-ca-certificates finds them. */
export function administratorFiles(root: string): string[] {
  return filesBelow(join(root, ADMINISTRATOR))
}

/** The certificates in a text, in PEM. */
export function certificatesIn(text: string): string[] {
  return text.match(PEM) ?? []
}

/** Whether a file's name is that of certificates. */
export function isCertificateFile(name: string): boolean {
  return /\.(?:crt|pem|cer)$/.test(name)
}

/** Without what may differ between two copies. */
function body(certificate: string): string {
  return certificate.replace(/-----[A-Z ]+-----|\s+/g, "")
}

function read(path: string): string {
  return textOf(path, "latin1") ?? ""
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter(isCertificateFile)
      .sort()
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}
