import type { PinningAccess } from "../../dagger/src/core/catalog/vendor-access.js"
import type { Mirror } from "../../dagger/src/core/text/mirror.js"
import { TRUST, verifiersOf } from "../signatures/verifiers.js"
import { vendorAccess } from "./vendor-access.js"

/** See {@link vendorAccess}; vendors' signatures are verified with the keys of this repository. */
export function pinningAccess(mirror?: Mirror): PinningAccess {
  return { ...vendorAccess(mirror), verifiers: verifiersOf(TRUST) }
}
