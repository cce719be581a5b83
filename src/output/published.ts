import Table from "cli-table3"
import type { CleanupPlan, Verdict } from "../../dagger/src/core/published/cleanup.js"
import type { Attestation, InspectedPlatform, Inspection } from "../../dagger/src/core/published/inspection.js"
import type { Promotion } from "../../dagger/src/core/published/promotion.js"
import { moveText } from "../../dagger/src/core/oci/tag-moves.js"
import { megabytes } from "../../dagger/src/core/text/markdown.js"
import { printable } from "../../dagger/src/core/text/printable.js"

/** Of a digest, where many of them stand in a table. */
const DIGEST_DIGITS = "sha256:".length + 12

/** For people: what a registry says about an image. */
export function inspectionText(found: Inspection): string {
  const { image, title, version, variant, runner, created, ageDays, source, base, options, platforms, moves } = found
  const facts = {
    image,
    title,
    version,
    variant,
    runner: runner && [runner.version, runner.kind].filter((word) => word !== undefined).join(", "),
    options: options.length === 0 ? undefined : options.join(", "),
    created: created === undefined ? undefined : `${created}, ${daysAgo(ageDays ?? 0)}`,
    source: source && [source.url, source.revision].filter((word) => word !== undefined).join(" at "),
    base: base && [base.name, base.digest].filter((word) => word !== undefined).join(" "),
    sources: sourcesText(found.sources),
    "about the index": found.index ? attestationsText(found.attestations) : undefined,
  }
  const table = compact(["platform", "digest", "compressed", "layers", "attestations"])
  for (const { platform, digest, compressedBytes, layers, attestations } of platforms)
    table.push([line(platform), short(digest), megabytes(compressedBytes), layers, attestationsText(attestations)])
  return [
    ...Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${line(value)}`])),
    table.toString(),
    ...toolsTable(platforms),
    ...moves.map(({ tag, from, at, by }) => `${line(tag)} pointed to ${from} until ${at} (${by})`),
  ].join("\n")
}

/** For people: which tags were set, and how to go back. */
export function promotionText({ image, dryRun, moves, unchanged, undo }: Promotion): string {
  return [
    ...moves.map((move) => `${dryRun ? "would be set" : "set"}: ${moveText(move)}`),
    ...unchanged.map((tag) => `unchanged: ${tag} points to ${image}`),
    ...(undo.length === 0 || dryRun ? [] : ["To undo:", ...undo.map((command) => `  ${command}`)]),
  ].join("\n")
}

/** For people: what was, or would be, deleted, and what stays. */
export function cleanupText({ repository, kept, deleted, deletions, strays }: CleanupPlan, dryRun: boolean): string {
  const table = compact(["", "image", "tags", "created", "because"])
  const row = (word: string, { digest, tags, created, reason }: Verdict) => {
    table.push([word, short(digest), line(tags.join(", ")), line(created ?? "unknown"), line(reason)])
  }
  for (const image of kept) row("kept", image)
  for (const image of deleted) row(dryRun ? "would go" : "deleted", image)
  const count = `${String(deleted.length)} ${deleted.length === 1 ? "image" : "images"}, ${String(deletions.length)} manifests with all that belongs to them`
  return [
    table.toString(),
    ...strays.map((tag) => `kept: ${tag}, of which the image is not there or has no tag`),
    deletions.length === 0
      ? `Nothing in ${repository} is to be deleted.`
      : `${dryRun ? "Would be deleted" : "Deleted"} from ${repository}: ${count}.${dryRun ? "" : " The registry frees the space when it collects garbage."}`,
  ].join("\n")
}

/** Platforms beside each other. Empty if the image has no report. */
function toolsTable(platforms: readonly InspectedPlatform[]): string[] {
  const names = [...new Set(platforms.flatMap(({ tools = [] }) => tools.map(({ name }) => name)))]
  if (names.length === 0) return []
  const table = compact(["tool", ...platforms.map(({ platform }) => line(platform))])
  for (const name of names)
    table.push([
      line(name),
      ...platforms.map(({ tools }) => line(tools?.find((tool) => tool.name === name)?.version ?? "unknown")),
    ])
  return [table.toString()]
}

function sourcesText(sources: Inspection["sources"]): string | undefined {
  if (sources === undefined || typeof sources === "string") return sources
  return Object.entries(sources)
    .map(([tool, kind]) => `${tool} from ${kind}`)
    .join(", ")
}

function attestationsText(attestations: readonly Attestation[]): string {
  if (attestations.length === 0) return "none"
  const words = attestations.map(({ kind, signed }) => (signed || kind === "report" ? kind : `${kind} (unsigned)`))
  return line([...new Set(words)].join(", "))
}

function daysAgo(days: number): string {
  return days === 0 ? "today" : `${String(days)} ${days === 1 ? "day" : "days"} ago`
}

function short(digest: string): string {
  return digest.slice(0, DIGEST_DIGITS)
}

function compact(head: string[]): Table.Table {
  return new Table({ head, style: { head: [], border: [], compact: true } })
}

/** What somebody else wrote, on one line. */
function line(text: string): string {
  return printable(text).replaceAll(/\s+/g, " ")
}
