import type { CheckResult, PlatformReport, Report } from "../../../../dagger/src/core/report/report.js"
import { REPORT_SCHEMA_VERSION } from "../../../../dagger/src/core/report/report.js"

const digest = (digit: string) => `sha256:${digit.repeat(64)}`

export const PASSED: CheckResult = { name: "version/git", proves: "git is the version resolved", status: "passed" }

export const FAILED: CheckResult = {
  name: "elf/architecture",
  proves: "every program is for this platform",
  status: "failed",
  expected: "183",
  actual: "62 in /usr/bin/x",
  reason: "A program for another machine would not start.",
}

export const SKIPPED: CheckResult = {
  name: "runner/listener",
  proves: "the runner starts",
  status: "skipped",
  reason: "needs a network",
}

export const INCONCLUSIVE: CheckResult = {
  name: "browser/session",
  proves: "a browser opens a page",
  status: "inconclusive",
  reason: "no answer within 600 seconds, nor within 640 seconds when no other check ran",
  seconds: 640.01,
  attempts: 2,
}

export const PROVED: CheckResult = { ...PASSED, provedBy: "chrome" }

export function platformReport(platform: string, change: Partial<PlatformReport> = {}): PlatformReport {
  return {
    platform,
    digest: digest(platform === "linux/amd64" ? "1" : "2"),
    compressedBytes: 297_500_000,
    base: `debian@${digest("b")}`,
    packages: [{ name: "git", version: "1:2.47.3-0+deb13u1", sha256: "a".repeat(64) }],
    tools: [{ name: "node", version: "24.1.0", source: "npm:node-linux@24.1.0" }],
    installation: { method: "native" },
    checks: [PASSED],
    steps: [
      { name: "packages", seconds: 61.25 },
      { name: "checks", seconds: 3.5 },
    ],
    ...change,
  }
}

/** A report as of a build that went well, but for the changes given. */
export function report(change: Partial<Report> = {}): Report {
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    variant: "standard",
    version: "0.1.0",
    created: "2026-01-02T03:04:05Z",
    sources: { requested: "registry", tools: { node: { from: "registry", reason: "asked for" } } },
    runner: { kind: "act", version: "0.13.0-act" },
    releases: [
      { name: "deb.example_debian_dists_trixie_InRelease", sha256: "c".repeat(64), date: "2026-01-02T00:00:00Z" },
    ],
    index: digest("0"),
    platforms: [platformReport("linux/amd64"), platformReport("linux/arm64")],
    ...change,
  }
}
