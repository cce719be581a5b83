/**
 * What can go to a terminal and to a log: control characters, and those that change the direction of what follows, become a character of
 * their own; what is longer is cut off.
 *
 * @param limit in UTF-16 units
 */
export function printable(text: string, limit: number, instead = "?"): string {
  // Cut first: replacing is the work. A pair that is cut in the middle is a surrogate alone (Cs).
  return text.slice(0, limit).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, instead)
}
