import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

/** As whom the runner and its jobs would run, in a container that starts as root. */
export function checkUser({ user }: Examination): Finding[] {
  const { finding } = user()
  return finding ? [finding] : []
}
