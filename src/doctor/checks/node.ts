import { compareVersions } from "compare-versions"
import type { Examination } from "../examination/examination.js"
import { ok, problem, type Finding } from "../examination/finding.js"

export function checkNode({ world: { nodeVersion, nodeNeeded } }: Examination): Finding {
  const needed = nodeNeeded.replace(/^>=\s*/, "")
  const text = `${nodeVersion}; ${needed} or newer is needed`
  if (compareVersions(nodeVersion, needed) >= 0) return ok("Node.js", text)
  const remedy = `./runner-images says how to install it on this host; with nvm: nvm install 24`
  return problem("Node.js", text, remedy, "HOST_UNFIT")
}
