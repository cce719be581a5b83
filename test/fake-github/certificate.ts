import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { isIP } from "node:net"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

/** PEM texts. The certificate is its own authority: whoever trusts it trusts the server. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** By which names the server may be reached unless others are given. */
export const CERTIFICATE_NAMES = ["localhost", "127.0.0.1", "::1", "github.com", "api.github.com"] as const

/**
 * Makes a certificate by openssl.
 *
 * @param names of hosts, or addresses
 */
export async function makeCertificate(names: readonly string[] = CERTIFICATE_NAMES): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), "fake-github-"))
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")]
  const alternatives = names.map((name) => `${isIP(name) ? "IP" : "DNS"}:${name}`).join(",")
  try {
    await run("openssl", [
      ...["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
      ...["-days", "30", "-subj", "/CN=fake-github", "-addext", `subjectAltName=${alternatives}`],
      ...["-keyout", key, "-out", cert],
    ])
    return { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") }
  } finally {
    await rm(folder, { recursive: true })
  }
}
