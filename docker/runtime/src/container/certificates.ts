import { X509Certificate } from "node:crypto"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import * as tls from "node:tls"
import type { Environment } from "../environment.js"
import { RuntimeFailure } from "../failure.js"
import { replaceFileSync } from "../files/untrusted-file.js"

/** Where Debian and Ubuntu keep what they trust, in one file. */
const SYSTEM = "etc/ssl/certs/ca-certificates.crt"

const NAME = "ca-certificates.pem"

/** What programs in jobs read their trust from: OpenSSL and .NET, curl, Git, Python's requests and pip, the AWS CLI, Node.js. */
const VARIABLES = [
  "SSL_CERT_FILE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "REQUESTS_CA_BUNDLE",
  "AWS_CA_BUNDLE",
  "NODE_EXTRA_CA_CERTS",
]

/** Extra certificates in PEM, each with a line feed at its end. */
export type Certificates = readonly string[]

/**
 * Reads certificates from files and folders, of which each file may have several in PEM, or one in DER.
 *
 * @throws {RuntimeFailure} CONFIGURATION for a path that does not exist or contains none
 */
export function readCertificates(paths: readonly string[]): Certificates {
  return paths.flatMap((path) => filesOf(path).flatMap(certificatesOf))
}

function filesOf(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    return readdirSync(path)
      .filter((name) => /\.(?:crt|pem|cer)$/.test(name))
      .sort()
      .map((name) => join(path, name))
  } catch (error) {
    throw unusable(path, (error as NodeJS.ErrnoException).code ?? String(error))
  }
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

function certificatesOf(path: string): string[] {
  try {
    const bytes = readFileSync(path)
    const texts = bytes.toString("latin1").match(PEM)
    // Parsed and written again, so that a damaged one is reported here, and not by each program in each job.
    return (texts ?? [bytes]).map((one) => new X509Certificate(one).toString())
  } catch (error) {
    throw unusable(path, error instanceof Error && "code" in error ? String(error.code) : String(error))
  }
}

function unusable(path: string, why: string): RuntimeFailure {
  return new RuntimeFailure(
    "CONFIGURATION",
    `no certificates can be read from ${path}: ${why}`,
    "EXTRA_CA_CERTS and NODE_EXTRA_CA_CERTS must name files with certificates in PEM format; EXTRA_CA_CERTS may also name folders with such files.",
  )
}

/**
 * Writes everything that is trusted, the system's certificates and the extra ones, into one file, and sets the variables that programs in jobs
 * read to its path. Variables that the user has set stay.
 *
 * @returns variables for jobs
 */
export function certificatesForJobs(
  extra: Certificates,
  { folder, root, environment }: { folder: string; root: string; environment: Environment },
): Record<string, string> {
  if (extra.length === 0) return {}
  const path = join(folder, NAME)
  replaceFileSync(path, [systemCertificates(root), ...extra].join("\n"))
  const missing = VARIABLES.filter((name) => name === "NODE_EXTRA_CA_CERTS" || !environment[name])
  return Object.fromEntries(missing.map((name) => [name, path]))
}

function systemCertificates(root: string): string {
  try {
    return readFileSync(join(root, SYSTEM), "utf8")
  } catch {
    return ""
  }
}

/** Of Node.js 24.5. */
interface TrustSettings {
  setDefaultCACertificates(certificates: readonly string[]): void
  getCACertificates(kind: "bundled"): readonly string[]
}

/** Where an administrator adds certificates for update-ca-certificates, in an image made from this one. */
const ADDED = "/usr/local/share/ca-certificates"

/** Makes this process trust the extra certificates, and those added to the image, in addition to Node.js's own. */
export function trust(extra: Certificates, added = ADDED): void {
  const { setDefaultCACertificates, getCACertificates } = tls as unknown as Partial<TrustSettings>
  const all = [...extra, ...(existsSync(added) ? readCertificates([added]) : [])]
  if (all.length === 0 || !setDefaultCACertificates || !getCACertificates) return
  setDefaultCACertificates([...getCACertificates("bundled"), ...all])
}
