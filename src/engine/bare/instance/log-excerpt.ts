/** First line of what Go prints about the failure that ends a program. */
const FATAL = /^(?:panic: |fatal error: |runtime: |SIG[A-Z]+: |unexpected fault address )/

/**
 * The lines of a log that say why its program ended: from the failure on, or the last ones. What Go prints after a failure is a
 * stack of every goroutine, thousands of lines whose end says nothing.
 *
 * @param log the whole text
 * @param lines at most
 * @returns an empty text for an empty log
 */
export function logExcerpt(log: string, lines: number): string {
  const all = log.trimEnd().split("\n")
  const failure = all.findIndex((line) => FATAL.test(line))
  return (failure < 0 ? all.slice(-lines) : all.slice(failure, failure + lines)).join("\n").trim()
}
