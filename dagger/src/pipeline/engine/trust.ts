import { existsSync, readFileSync } from "node:fs"
import { trustFile } from "../../core/request/trust-files.js"

/** The text of the bundle that this program trusts, if there is one. The module's own container has the engine host's. */
export function trustedBundle(): string | undefined {
  const path = trustFile(process.env["SSL_CERT_FILE"], existsSync)
  return path === undefined ? undefined : readFileSync(path, "utf8")
}
