/**
 * Compares two versions of packages by Debian's rules, which are Ubuntu's too.
 *
 * Not with a package of npm: those that there are either compare digits as floating-point numbers or get `~` wrong.
 *
 * @see deb-version(7)
 * @returns less than 0 if the first is older, more than 0 if it is newer, 0 if they are equal
 * @example compareDebianVersions("1.0~rc1-1", "1.0-1") ⇒ -1
 */
export function compareDebianVersions(one: string, other: string): number {
  const [a, b] = [partsOf(one), partsOf(other)]
  return compareDigits(a.epoch, b.epoch) || comparePart(a.upstream, b.upstream) || comparePart(a.revision, b.revision)
}

function partsOf(version: string): { epoch: string; upstream: string; revision: string } {
  const [, epoch = "", rest = ""] = /^(?:(\d+):)?(.*)$/s.exec(version) ?? []
  const dash = rest.lastIndexOf("-")
  return dash < 0
    ? { epoch, upstream: rest, revision: "" }
    : { epoch, upstream: rest.slice(0, dash), revision: rest.slice(dash + 1) }
}

/** Pairs of text without digits and of digits are compared in turn. */
function comparePart(one: string, other: string): number {
  const [a, b] = [pieces(one), pieces(other)]
  for (let place = 0; place < Math.max(a.length, b.length); place++) {
    const [left = "", right = ""] = [a[place], b[place]]
    const order = place % 2 === 0 ? compareText(left, right) : compareDigits(left, right)
    if (order !== 0) return order
  }
  return 0
}

/** Text and digits in turn; the first text may be empty. */
function pieces(part: string): string[] {
  const found = part.match(/\D+|\d+/g) ?? []
  return /^\d/.test(part) ? ["", ...found] : [...found]
}

function compareText(one: string, other: string): number {
  for (let place = 0; place < Math.max(one.length, other.length); place++) {
    const order = weight(one[place]) - weight(other[place])
    if (order !== 0) return Math.sign(order)
  }
  return 0
}

/** A tilde comes before the end, then letters, then everything else. */
function weight(character: string | undefined): number {
  if (character === undefined) return 0
  if (character === "~") return -1
  return character.charCodeAt(0) + (/[A-Za-z]/.test(character) ? 0 : 0x10000)
}

/** Dates and commit numbers may have more digits than a number holds. */
function compareDigits(one: string, other: string): number {
  const [a, b] = [one.replace(/^0+/, ""), other.replace(/^0+/, "")]
  if (a.length !== b.length) return Math.sign(a.length - b.length)
  return a === b ? 0 : a < b ? -1 : 1
}
