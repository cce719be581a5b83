/** What came of one case. */
export interface ComposeResult {
  readonly case: string
  readonly harness: "docker compose" | "docker run"
  readonly status: "passed" | "failed" | "skipped"
  /** Why it was skipped. */
  readonly why?: string
  readonly seconds?: number
}

/** The results as Markdown. */
export function composeReport(results: readonly ComposeResult[]): string {
  const count = (status: ComposeResult["status"]): number => results.filter((result) => result.status === status).length
  const rows = results.map(({ case: name, harness, status, why, seconds }) => {
    const outcome = why === undefined ? status : `${status}: ${why}`
    return `| ${name} | ${harness} | ${outcome} | ${seconds?.toFixed(1) ?? ""} |`
  })
  return [
    "# The built images under a Docker daemon",
    "",
    `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped, on this machine's own platform.`,
    "",
    "| Case | Harness | Result | Seconds |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n")
}
