import type { Mirror } from "../../dagger/src/core/text/mirror.js"
import { httpFiles } from "../../dagger/src/pipeline/catalog/http-access.js"
import { askNpmRegistry } from "../advisories/npm-registry.js"
import { trustedKeys } from "../signatures/keys.js"
import { vendorAccess } from "./vendor-access.js"
import type { AdvisoryAccess } from "./vulnerabilities.js"

/** @param mirror is used in place of distributions' archives */
export function advisoryAccess(mirror?: Mirror): AdvisoryAccess {
  const vendors = vendorAccess()
  return {
    file: httpFiles(mirror),
    keys: trustedKeys,
    npm: (question) => askNpmRegistry(question, vendors),
    now: new Date(),
  }
}
