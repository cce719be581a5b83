/**
 * A text that is safe for a terminal and a log: control characters, and those that change the text direction, are each replaced; a longer
 * text is cut off.
 *
 * @param limit in UTF-16 units; without one, nothing is cut off
 */
export function printable(text: string, limit = Number.POSITIVE_INFINITY, instead = "?"): string {
  // Cut first: replacing is the work. A pair that is cut in the middle is a surrogate alone (Cs).
  return text.slice(0, limit).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, instead)
}
