import type { Report } from "./report.js"

const WHOSE = { official: "GitHub's own", act: "github-act-runner, unofficial" } as const

/**
 * A runner for people.
 *
 * @example runnerText({ kind: "act", version: "0.13.0-act" }) ⇒ "0.13.0-act (github-act-runner, unofficial)"
 */
export function runnerText({ kind, version }: Report["runner"]): string {
  return `${version} (${WHOSE[kind]})`
}
