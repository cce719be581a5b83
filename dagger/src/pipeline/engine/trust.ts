import { dag, type File } from "@dagger.io/dagger"
import { existsSync, readFileSync } from "node:fs"
import { trustFile } from "../../core/request/trust-files.js"

/** The bundle that this program trusts, if there is one. The module's own container has the engine host's. */
export function trustedBundle(): File | undefined {
  const path = trustFile(process.env["SSL_CERT_FILE"], existsSync)
  return path === undefined ? undefined : caBundleOf(readFileSync(path, "utf8"))
}

/**
 * A trust bundle as a file that steps can mount. Both entry points create it from its text, so that equal bundles are the
 * same input, and the second entry point finds the first one's steps in the cache.
 */
export function caBundleOf(text: string): File {
  return dag.directory().withNewFile("ca-certificates.crt", text).file("ca-certificates.crt")
}
