import type { FailureCode } from "../../failure.js"

/** What a check found. `skipped`: it could not be checked, for a reason that another finding gives. */
export interface Finding {
  check: string
  status: "ok" | "warning" | "problem" | "skipped"
  text: string
  /** What to do; with every warning and problem. */
  remedy?: string
  /** What the runner would fail with, which gives the exit code of `doctor`. Absent: UNCLASSIFIED. */
  code?: FailureCode
}
