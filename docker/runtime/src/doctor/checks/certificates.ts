import { certificatePaths } from "../../container/certificate-paths.js"
import { trustedCertificates } from "../../container/certificates.js"
import { RuntimeFailure } from "../../failure.js"
import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

/** Whether the certificates that are trusted in addition to the distribution's can be read; no finding if there are none. */
export function checkCertificates({ configuration, environment, root }: Examination): Finding[] {
  const check = "certificates"
  try {
    const configured = configuration ? certificatePaths(configuration, environment) : []
    const { certificates, sources, warnings } = trustedCertificates(configured, root)
    const text = `${certificates.length} trusted in addition to the distribution's, from ${sources.join(", ")}`
    return [
      ...(sources.length > 0 ? [{ check, status: "ok", text } as const] : []),
      ...warnings.map((warning): Finding => {
        return {
          check,
          status: "warning",
          text: warning,
          remedy: "replace the file by one in PEM format, or remove it",
        }
      }),
    ]
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) throw error
    return [{ check, status: "problem", text: error.message, remedy: error.remedy, code: error.code }]
  }
}
