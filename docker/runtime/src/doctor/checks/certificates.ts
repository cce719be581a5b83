import { certificatePaths } from "../../container/certificate-paths.js"
import { readCertificates } from "../../container/certificates.js"
import { RuntimeFailure } from "../../failure.js"
import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

/** Whether the configured certificates can be read; no finding if there are none. */
export function checkCertificates({ configuration, environment }: Examination): Finding[] {
  const check = "certificates"
  const paths = configuration ? certificatePaths(configuration, environment) : []
  if (paths.length === 0) return []
  try {
    const { length } = readCertificates(paths)
    return [{ check, status: "ok", text: `${length} trusted in addition to the image's, from ${paths.join(", ")}` }]
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) throw error
    return [{ check, status: "problem", text: error.message, remedy: error.remedy, code: error.code }]
  }
}
