import type { EvidencedImage } from "../../../../dagger/src/core/evidence/evidence.js"
import type { Report } from "../../../../dagger/src/core/report/report.js"
import { billedReport } from "../sbom/seeded-report.js"

export const REPOSITORY = "ghcr.io/owner/github-runner"

/** A built image with its report, as publishing gives it. */
export function evidenced(
  change: Partial<Report> = {},
  repositories: readonly string[] = [REPOSITORY],
): EvidencedImage {
  const report = billedReport(change)
  return { report, reportText: `${JSON.stringify(report, null, 2)}\n`, repositories }
}
