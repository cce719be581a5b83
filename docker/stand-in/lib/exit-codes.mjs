/**
 * How the listener ends, by the real one's numbers. The scripts around it know them: 2 is tried again, and all but 7 become 0.
 */
export const EXIT = /** @type {const} */ ({
  success: 0,
  terminated: 1,
  retry: 2,
  sessionConflict: 5,
  versionRefused: 7,
})

/** How the worker ends: 100 and the result's number, so that a crash is told apart. */
export const RESULTS = /** @type {const} */ ([
  "Succeeded",
  "SucceededWithIssues",
  "Failed",
  "Canceled",
  "Skipped",
  "Abandoned",
])

/** @typedef {typeof RESULTS[number]} Result */

/**
 * @param {Result} result
 * @returns {number}
 */
export function codeOfResult(result) {
  return 100 + RESULTS.indexOf(result)
}

/**
 * @param {number | null} code null when it was killed
 * @returns {Result}
 */
export function resultOfCode(code) {
  return RESULTS[(code ?? 0) - 100] ?? "Failed"
}
