import { createHash } from "node:crypto"
import { join } from "node:path"
import { readUntrustedSync } from "../files/untrusted-file.js"
import type { CleaningPlan } from "./cleaning-plan.js"

/** Bytes of a runner's configuration. */
const LONGEST = 64 * 1024

/**
 * The same plan with the label that GitHub's runner gives to its job containers, services and networks.
 *
 * @param runnerFolder with a configuration that no job could write to yet: jobs could choose the label by it
 */
export function withRunnerLabel(plan: CleaningPlan, runnerFolder: string): CleaningPlan {
  const label = runnerLabel(runnerFolder)
  return label === undefined ? plan : { ...plan, labels: [...plan.labels, label] }
}

/** A part of the checksum of the runner's configuration. */
function runnerLabel(runnerFolder: string): string | undefined {
  try {
    const text = readUntrustedSync(join(runnerFolder, ".runner"), { bytes: LONGEST })
    return createHash("sha256")
      .update(text.replace(/^\uFEFF/, "").toLowerCase())
      .digest("hex")
      .slice(0, 6)
  } catch {
    return undefined
  }
}
