import Table from "cli-table3"
import { countChecks, countsText, type CheckCounts } from "../../dagger/src/core/render/check-counts.js"
import { sourceGroups, sourceText } from "../../dagger/src/core/plan/sources.js"
import { runnerText } from "../../dagger/src/core/report/runner-text.js"
import type { CheckResult, PlatformReport, Report } from "../../dagger/src/core/report/report.js"
import type { Places } from "../../dagger/src/pipeline/oci/destination.js"
import type { Traffic } from "../../dagger/src/core/bench/bench.js"
import { duration } from "./duration.js"

/** The answer of `build` and `test`. The version changes when a reader of the old form would break. */
export const SUMMARY_SCHEMA_VERSION = 2

type SummarisedCheck = Pick<CheckResult, "name" | "expected" | "actual" | "reason">

export interface VariantSummary extends Omit<Places, "reference"> {
  variant: string
  sources: Report["sources"]
  runner: Report["runner"]
  /** Digest of the index. */
  index?: string
  platforms: {
    platform: string
    digest?: string
    compressedBytes?: number
    /** Wall seconds in which the platform's steps ran; cached ones take next to no time. */
    seconds: number
    checks: CheckCounts
    failed: SummarisedCheck[]
    /** Checks that had no answer in time. */
    inconclusive: SummarisedCheck[]
  }[]
}

export interface Summary {
  schemaVersion: typeof SUMMARY_SCHEMA_VERSION
  /** Wall seconds of the whole run, engine included. */
  seconds: number
  /** What was sent to the engine. */
  traffic: Traffic
  variants: VariantSummary[]
}

export function summariseVariant(report: Report, places: Places = {}): VariantSummary {
  return {
    variant: report.variant,
    sources: report.sources,
    runner: report.runner,
    ...(report.index === undefined ? {} : { index: report.index }),
    ...places,
    platforms: report.platforms.map(summarisePlatform),
  }
}

function summarisePlatform(report: PlatformReport): VariantSummary["platforms"][number] {
  // Of a report of an earlier version: it does not say which steps ran beside each other.
  const seconds = report.seconds ?? report.steps.reduce((sum, step) => sum + step.seconds, 0)
  return {
    platform: report.platform,
    ...(report.digest === undefined ? {} : { digest: report.digest }),
    ...(report.compressedBytes === undefined ? {} : { compressedBytes: report.compressedBytes }),
    seconds: Math.round(seconds * 100) / 100,
    checks: countChecks(report.checks),
    failed: checksWith("failed", report),
    inconclusive: checksWith("inconclusive", report),
  }
}

function checksWith(status: CheckResult["status"], { checks }: PlatformReport): SummarisedCheck[] {
  return checks
    .filter((check) => check.status === status)
    .map(({ name, expected, actual, reason }) => ({
      name,
      ...(expected === undefined ? {} : { expected }),
      ...(actual === undefined ? {} : { actual }),
      ...(reason === undefined ? {} : { reason }),
    }))
}

/** For people: a table of all platforms, then where each variant is. */
export function summaryText(summary: Summary): string {
  const table = new Table({
    head: ["variant", "platform", "digest", "size", "time", "checks"],
    style: { head: [], border: [], compact: true },
    colAligns: ["left", "left", "left", "right", "right", "left"],
  })
  for (const { variant, platforms } of summary.variants)
    for (const { platform, digest, compressedBytes, seconds, checks } of platforms)
      table.push([
        variant,
        platform,
        digest === undefined ? "none" : shortDigest(digest),
        compressedBytes === undefined ? "" : size(compressedBytes),
        duration(seconds),
        countsText(checks),
      ])
  return [table.toString(), ...summary.variants.flatMap(placesText), `Took ${duration(summary.seconds)}.`].join("\n")
}

function placesText({ variant, index, directory, archive, loaded, runner, sources }: VariantSummary): string[] {
  const label = variant.padEnd(12)
  const where = index === undefined ? "no image" : index
  return [
    `${label} ${where}${directory === undefined ? "" : ` in ${directory}`}`,
    ...(archive === undefined ? [] : [`${label} archive ${archive}`]),
    ...(loaded === undefined ? [] : [`${label} loaded as ${loaded}`]),
    `${label} runner ${runnerText(runner)}`,
    ...sourceGroups(sources).map((group) => `${label} tools ${sourceText(group)}`),
  ]
}

/** Decimal megabytes, as registries show them. */
export function size(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

export function shortDigest(digest: string): string {
  return digest.slice(0, "sha256:".length + 12)
}
