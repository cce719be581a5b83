import { RunnerImagesError, type ErrorCode } from "../errors.js"
import { closest } from "../suggest.js"

/** An option that takes one of a few words. */
export interface Choice<T extends string> {
  /** As on the command line, without dashes. */
  option: string
  /** The first is the default. */
  words: readonly [T, ...T[]]
  code: ErrorCode
  /** What each of the words is: `a source of tools`. */
  noun: string
}

/**
 * Parses an option that takes one of a few words, ignoring case.
 *
 * @param given undefined means the first
 * @throws RunnerImagesError with the option's code and the word that was probably meant
 */
export function parseChoice<T extends string>(given: string | undefined, { option, words, code, noun }: Choice<T>): T {
  if (given === undefined) return words[0]
  const wanted = given.trim().toLowerCase()
  const found = words.find((word) => word === wanted)
  if (found) return found
  const meant = wanted === "" ? undefined : closest(wanted, words)
  throw new RunnerImagesError(
    code,
    wanted === "" ? `--${option} is empty.` : `"${given}" is not ${noun}.`,
    meant ? `Did you mean ${meant}?` : `Choose from ${words.join(", ")}.`,
  )
}
