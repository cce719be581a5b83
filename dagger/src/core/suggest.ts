import { distance } from "fastest-levenshtein"

/**
 * The known name that a misspelt one was probably meant to be.
 *
 * @param most the most characters that may differ; by default a third of the known name's, and two of a short one's
 * @example closest("chorme", ["standard", "chrome"]) ⇒ "chrome"
 */
export function closest(given: string, known: readonly string[], most?: number): string | undefined {
  const ranked = known
    .map((name) => ({ name, edits: distance(given.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)
  const best = ranked[0]
  return best && best.edits <= (most ?? Math.max(2, Math.floor(best.name.length / 3))) ? best.name : undefined
}
