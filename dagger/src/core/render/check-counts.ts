import { CHECK_STATUSES, type CheckResult, type CheckStatus } from "../report/report.js"

/** How many checks have which status, and how many of those that passed ran in another variant's image, by that variant. */
export type CheckCounts = Record<CheckStatus, number> & { provedBy?: Record<string, number> }

export function countChecks(checks: readonly CheckResult[]): CheckCounts {
  const count = (status: CheckStatus) => checks.filter((check) => check.status === status).length
  const provedBy = new Map<string, number>()
  for (const { provedBy: variant } of checks)
    if (variant !== undefined) provedBy.set(variant, (provedBy.get(variant) ?? 0) + 1)
  return {
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("skipped"),
    inconclusive: count("inconclusive"),
    ...(provedBy.size > 0 ? { provedBy: Object.fromEntries(provedBy) } : {}),
  }
}

/** @example countsText(…) ⇒ "104 passed (81 proved by chrome), 1 skipped": only the statuses that occur */
export function countsText({ provedBy = {}, ...counts }: CheckCounts): string {
  const proved = Object.entries(provedBy).map(([variant, count]) => `${String(count)} proved by ${variant}`)
  const parts = CHECK_STATUSES.filter((status) => counts[status] > 0).map((status) => {
    const of = status === "passed" && proved.length > 0 ? ` (${proved.join(", ")})` : ""
    return `${String(counts[status])} ${status}${of}`
  })
  return parts.length === 0 ? "none" : parts.join(", ")
}
