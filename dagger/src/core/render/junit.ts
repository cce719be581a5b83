import XMLBuilder from "fast-xml-builder"
import { printable } from "../text/printable.js"
import type { CheckResult, PlatformReport, Report } from "../report/report.js"

const builder = new XMLBuilder({
  attributeNamePrefix: "@",
  format: true,
  ignoreAttributes: false,
  suppressBooleanAttributes: false,
  suppressEmptyNode: true,
})

/**
 * Reports as JUnit XML, which CI systems show as test results: one suite per variant and platform, one case per check.
 * An inconclusive check is a skipped one, whose message says so: CI systems turn red for errors as for failures, and a slow machine is no
 * reason to.
 */
export function renderJUnit(reports: readonly Report[]): string {
  const suites = reports.flatMap((report) => report.platforms.map((platform) => suite(report, platform)))
  const checks = reports.flatMap(({ platforms }) => platforms.flatMap((platform) => platform.checks))
  return builder.build({
    "?xml": { "@version": "1.0", "@encoding": "UTF-8" },
    testsuites: { "@name": "runner-images", ...counts(checks), testsuite: suites },
  })
}

function suite({ variant }: Report, { platform, checks }: PlatformReport) {
  const name = `${variant} ${platform}`
  return { "@name": name, ...counts(checks), testcase: checks.map((check) => testCase(name, check)) }
}

function counts(checks: readonly CheckResult[]) {
  const count = (status: CheckResult["status"]) => checks.filter((check) => check.status === status).length
  return {
    "@tests": checks.length,
    "@failures": count("failed"),
    // A check that cannot run ends the build; it never gets as far as a report.
    "@errors": 0,
    "@skipped": count("skipped") + count("inconclusive"),
  }
}

function testCase(suiteName: string, check: CheckResult) {
  const details = [
    ["proves", check.proves],
    ["expected", check.expected],
    ["actual", check.actual],
    ["reason", check.reason],
  ].flatMap(([label, value]) => (value === undefined ? [] : [`${String(label)}: ${value}`]))
  return {
    "@name": printable(check.name),
    "@classname": suiteName,
    ...(check.seconds !== undefined && { "@time": check.seconds.toFixed(2) }),
    ...(check.status === "skipped" && { skipped: { "@message": printable(check.reason ?? "") } }),
    ...(check.status === "inconclusive" && {
      skipped: { "@message": printable(`inconclusive: ${check.reason ?? ""}`) },
    }),
    ...(check.provedBy !== undefined && { "system-out": `proved by ${printable(check.provedBy)}` }),
    ...(check.status === "failed" && {
      failure: {
        "@message": printable(summary(check)),
        "@type": "check",
        "#text": printable(details.join("\n")),
      },
    }),
  }
}

function summary({ expected, actual, reason, proves }: CheckResult): string {
  if (expected !== undefined && actual !== undefined) return `expected ${expected}, got ${actual}`
  return reason ?? `not true: ${proves}`
}
