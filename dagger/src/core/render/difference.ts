import type { CheckResult } from "../report/report.js"

/** What a check expected and what it found; undefined for one that compares nothing. */
export function differenceText({ expected, actual }: Pick<CheckResult, "expected" | "actual">): string | undefined {
  return expected === undefined ? undefined : `expected ${expected}, found ${actual ?? "nothing"}`
}
