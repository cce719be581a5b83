import type { Examination } from "../examination/examination.js"
import { failure, ok, type Finding } from "../examination/finding.js"

const CHECK = "certificates"

/** The bundle of certificate authorities that all downloads trust. */
export function checkCertificates({ world: { trust } }: Examination): Finding {
  if ("fault" in trust) return failure(CHECK, trust.fault)
  return ok(CHECK, trust.path ?? "no bundle on this host: the engine's own is used")
}
