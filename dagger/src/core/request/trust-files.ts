/** Where operating systems keep the bundle of certificate authorities that their programs trust. */
const SYSTEM_TRUST_FILES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
]

/**
 * The bundle of certificate authorities that a program trusts: the file that SSL_CERT_FILE names, as with OpenSSL, else the system's first.
 * A name without a file is ignored here; callers that can report errors have refused it before.
 *
 * @param named the value of SSL_CERT_FILE; an empty value counts as unset
 * @param isFile whether there is a file at a path
 * @returns undefined when the system has none
 */
export function trustFile(named: string | undefined, isFile: (path: string) => boolean): string | undefined {
  return [trustFileVariable(named) ?? "", ...SYSTEM_TRUST_FILES].find((path) => path !== "" && isFile(path))
}

/** What SSL_CERT_FILE names, if anything. */
export function trustFileVariable(named: string | undefined): string | undefined {
  const path = named?.trim() ?? ""
  return path === "" ? undefined : path
}
