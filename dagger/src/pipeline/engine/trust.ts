import { dag, type File } from "@dagger.io/dagger"
import { SYSTEM_TRUST_FILES } from "../../core/request/trust-files.js"

/** The bundle that this program is told to trust, then the system's; the first that exists counts. */
export const TRUST_FILES = [
  ...(process.env["SSL_CERT_FILE"] ? [process.env["SSL_CERT_FILE"]] : []),
  ...SYSTEM_TRUST_FILES,
]

/**
 * A trust bundle as a file that steps can mount. Both entry points make it from its text, so that equal bundles are
 * one and the same input and the second entry point finds the first one's steps in the cache.
 */
export function caBundleOf(text: string): File {
  return dag.directory().withNewFile("ca-certificates.crt", text).file("ca-certificates.crt")
}
