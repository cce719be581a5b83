import { X509Certificate } from "node:crypto"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import * as tls from "node:tls"
import type { Environment } from "../environment.js"
import { RuntimeFailure } from "../failure.js"
import { replaceFileSync } from "../files/untrusted-file.js"
import {
  administratorFiles,
  certificatesIn,
  isCertificateFile,
  readSystemBundle,
  type SystemBundle,
} from "./system-certificates.js"

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

/** Certificates that are trusted in addition to the distribution's. */
export interface TrustedCertificates {
  readonly certificates: Certificates
  /** The files and folders that they are from. */
  readonly sources: readonly string[]
  /** Files whose certificates are not trusted, and why. */
  readonly warnings: readonly string[]
  readonly bundle: SystemBundle
}

/**
 * Everything that is trusted in addition to the distribution's certificates: the user's, those that an administrator added to the image or mounted
 * in its folder, and those that only the system's bundle has.
 *
 * @param configured files and folders
 * @throws {RuntimeFailure} CONFIGURATION for a configured path that does not exist or contains none
 */
export function trustedCertificates(
  configured: readonly string[],
  root: string,
  bundle = readSystemBundle(root),
): TrustedCertificates {
  const certificates = new Set(readCertificates(configured))
  const sources = new Set(configured)
  const warnings: string[] = []
  const add = (source: string, read: () => Certificates): void => {
    try {
      const found = read().filter((one) => !certificates.has(one))
      if (found.length > 0) sources.add(source)
      for (const one of found) certificates.add(one)
    } catch (error) {
      warnings.push(`${source} is not trusted: ${reasonOf(error)}`)
    }
  }
  for (const file of administratorFiles(root)) add(file, () => parse(readFileSync(file)))
  add(bundle.path, () => bundle.added.flatMap((one) => parse(Buffer.from(one))))
  return { certificates: [...certificates], sources: [...sources], warnings, bundle }
}

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
      .filter(isCertificateFile)
      .sort()
      .map((name) => join(path, name))
  } catch (error) {
    throw unusable(path, error)
  }
}

function certificatesOf(path: string): string[] {
  try {
    return parse(readFileSync(path))
  } catch (error) {
    throw unusable(path, error)
  }
}

/** Parsed and written again, so that a damaged one is reported here, and not by each program in each job. */
function parse(bytes: Buffer): string[] {
  const texts = certificatesIn(bytes.toString("latin1"))
  return (texts.length > 0 ? texts : [bytes]).map((one) => new X509Certificate(one).toString())
}

function unusable(path: string, error: unknown): RuntimeFailure {
  return new RuntimeFailure(
    "CONFIGURATION",
    `no certificates can be read from ${path}: ${reasonOf(error)}`,
    "EXTRA_CA_CERTS and NODE_EXTRA_CA_CERTS must name files with certificates in PEM format; EXTRA_CA_CERTS may also name folders with such files.",
  )
}

function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error)
}

/**
 * Sets the variables that programs in jobs read to one file with everything that is trusted: the system's bundle if it has all of it, as
 * update-ca-certificates makes it, else a file of our own. Variables that the user has set stay.
 *
 * @returns variables for jobs
 */
export function certificatesForJobs(
  { certificates, bundle }: Pick<TrustedCertificates, "certificates" | "bundle">,
  { folder, environment }: { folder: string; environment: Environment },
): Record<string, string> {
  if (certificates.length === 0) return {}
  const complete = certificates.every((one) => bundle.has(one))
  const path = complete ? bundle.path : join(folder, NAME)
  if (!complete) replaceFileSync(path, [bundle.text, ...certificates].join("\n"))
  const missing = VARIABLES.filter((name) => name === "NODE_EXTRA_CA_CERTS" || !environment[name])
  return Object.fromEntries(missing.map((name) => [name, path]))
}

/** Of Node.js 24.5. */
interface TrustSettings {
  setDefaultCACertificates(certificates: readonly string[]): void
  getCACertificates(kind: "bundled"): readonly string[]
}

/** Makes this process trust the extra certificates in addition to Node.js's own. */
export function trust(extra: Certificates): void {
  const { setDefaultCACertificates, getCACertificates } = tls as unknown as Partial<TrustSettings>
  if (extra.length === 0 || !setDefaultCACertificates || !getCACertificates) return
  setDefaultCACertificates([...getCACertificates("bundled"), ...extra])
}
