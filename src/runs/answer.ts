import { inconclusive } from "../../dagger/src/core/checks/outcome.js"
import { differenceText } from "../../dagger/src/core/render/difference.js"
import { DetailedError } from "../output/failure.js"
import { SUMMARY_SCHEMA_VERSION, summaryText, type Summary, type VariantSummary } from "../output/summary.js"
import { trafficSoFar } from "../session/requests.js"
import type { CommandContext } from "../input/context.js"

/**
 * Prints the result of a build or a test, then fails if a check failed.
 *
 * @param native whether every check must have had an answer
 * @throws RunnerImagesError CHECKS_FAILED or CHECKS_INCONCLUSIVE
 */
export function finishRun(context: CommandContext, json: boolean, variants: VariantSummary[], native = false): void {
  // Counted from the start of this process.
  const seconds = Math.round(performance.now() / 10) / 100
  const summary: Summary = {
    schemaVersion: SUMMARY_SCHEMA_VERSION,
    seconds,
    traffic: trafficSoFar(),
    variants,
  }
  context.terminal.close()
  context.answer(json ? JSON.stringify(summary, null, 2) : summaryText(summary))
  const failed = variants.flatMap(({ variant, platforms }) =>
    platforms.flatMap(({ platform, failed: checks }) =>
      checks.map((check) => {
        const { name, reason } = check
        const difference = differenceText(check)
        const found = difference === undefined ? "" : `: ${difference}`
        return `${variant} ${platform} ${name}${found}${reason === undefined ? "" : ` (${reason})`}`
      }),
    ),
  )
  if (failed.length === 0) {
    if (native) assertAnswers(variants)
    return
  }
  throw new DetailedError(
    "CHECKS_FAILED",
    failed.length === 1 ? "1 smoke test failed." : `${failed.length} smoke tests failed.`,
    "The report says what each of them proves.",
    failed,
  )
}

function assertAnswers(variants: readonly VariantSummary[]): void {
  const open = variants.flatMap(({ variant, platforms }) =>
    platforms.flatMap(({ platform, inconclusive: checks }) =>
      checks.map(({ name, reason = "" }) => `${variant} ${platform} ${name}: ${reason}`),
    ),
  )
  if (open.length > 0) throw inconclusive(open)
}
