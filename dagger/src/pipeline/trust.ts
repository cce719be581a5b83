import { dag, type File } from "@dagger.io/dagger"

/** Where systems keep the certificate authorities that their programs trust; the first that exists counts. */
export const TRUST_FILES = [
  ...(process.env["SSL_CERT_FILE"] ? [process.env["SSL_CERT_FILE"]] : []),
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
]

/**
 * A trust bundle as a file that steps can mount. Both doors make it from its text, so that equal bundles are
 * one and the same input and the second door finds the first one's steps in the cache.
 */
export function caBundleOf(text: string): File {
  return dag.directory().withNewFile("ca-certificates.crt", text).file("ca-certificates.crt")
}
