import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

/** Whether `docker run` with the same variables would start. */
export function checkConfiguration({ configuration, failure, warnings }: Examination): Finding[] {
  const check = "configuration"
  if (failure) return [{ check, status: "problem", text: failure.message, remedy: failure.remedy, code: failure.code }]
  const target = configuration?.target?.url ?? "a runner that does not register"
  return [
    { check, status: "ok", text: `valid: ${target}, as ${configuration?.name ?? "nobody"}` },
    ...warnings.map((text): Finding => ({ check, status: "warning", text })),
  ]
}
