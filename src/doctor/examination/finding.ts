import type { ErrorCode, RunnerImagesError } from "../../../dagger/src/core/errors.js"

/**
 * What a check found, in the form that the images' own doctor has as well. `skipped`: it could not be checked, for a reason that another
 * finding gives, or does not concern this host.
 */
export interface Finding {
  check: string
  status: "ok" | "warning" | "problem" | "skipped"
  /** What, where and why. */
  text: string
  /** What to do: a command, wherever one does it; with every warning and problem. */
  remedy?: string
  /** What a build would fail with, which gives the exit code of `doctor`; with every problem. */
  code?: ErrorCode
}

export function ok(check: string, text: string): Finding {
  return { check, status: "ok", text }
}

export function skipped(check: string, text: string): Finding {
  return { check, status: "skipped", text }
}

export function warning(check: string, text: string, remedy: string): Finding {
  return { check, status: "warning", text, remedy }
}

export function problem(check: string, text: string, remedy: string, code: ErrorCode): Finding {
  return { check, status: "problem", text, remedy, code }
}

/** An error that a build would end with. */
export function failure(check: string, error: RunnerImagesError): Finding {
  return problem(check, [sentence(error.problem), ...error.details].join("\n"), error.remedy, error.code)
}

/** As part of a table: without the full stop. */
function sentence(text: string): string {
  return text.replace(/\.$/, "")
}
