/** A log without the time before each line: `2026-01-13T04:31:47.0000000Z hello`. */
export function withoutTimes(text: string): string {
  return text.replace(/^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z /gm, "")
}

/** The exit code of which a runner tells in an error. */
export function exitCodeIn(messages: readonly string[]): number | null {
  const [code] = messages.flatMap((message) => /^Process completed with exit code (\d+)\.$/.exec(message)?.[1] ?? [])
  return code === undefined ? null : Number(code)
}
