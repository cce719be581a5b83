import { percent } from "../oci/sizes.js"
import { megabytes, section, table, text } from "../text/markdown.js"
import { DIFF_AREAS, MAIN_ASPECTS, type Change, type Diff, type DiffArea, type Side } from "./schema.js"

/** What several things of an area are called, and one. */
const NAMES: Readonly<Record<DiffArea, readonly [several: string, one: string]>> = {
  platform: ["Platforms", "Platform"],
  image: ["Image", "Property"],
  archive: ["Package archives", "Release file"],
  package: ["Packages", "Package"],
  tool: ["Tools", "Tool"],
  configuration: ["Configuration", "Setting"],
  environment: ["Environment", "Variable"],
  label: ["Labels", "Label"],
  layer: ["Layers", "Layer"],
  check: ["Checks", "Check"],
}

const KINDS = ["added", "removed", "changed"] as const

/** Two builds' differences for people, such as the readers of release notes: how much changed, then what. One sentence if nothing did. */
export function diffMarkdown(diff: Diff): string {
  const parts = diff.equal
    ? [nothingChanged(diff.new), notCompared(diff).join("\n")]
    : [
        `# ${title(diff.old, diff.new)}`,
        [
          `- Old: ${side(diff.old)}`,
          `- New: ${side(diff.new)}`,
          ...DIFF_AREAS.flatMap((area) => counts(diff, area)),
          ...compressedSizes(diff),
          ...notCompared(diff),
        ].join("\n"),
        ...DIFF_AREAS.map((area) => section(NAMES[area][0], changes(diff, area))),
        section("Sizes", sizes(diff)),
      ]
  return parts.filter((part) => part !== "").join("\n\n")
}

function nothingChanged({ variant, version, index }: Side): string {
  const what = `${text(variant)} ${text(version)}`
  return index === undefined
    ? `Nothing changed between these builds of ${what}, which wrote no images.`
    : `Nothing changed: both builds of ${what} are \`${index}\`.`
}

/** @example title(…) ⇒ "standard 0.1.0 → 0.2.0" */
function title(old: Side, recent: Side): string {
  const [before, after] = [old, recent].map(({ variant, version }) => `${text(variant)} ${text(version)}`)
  if (before === after) return before ?? ""
  return `${before ?? ""} → ${old.variant === recent.variant ? text(recent.version) : (after ?? "")}`
}

function side({ index, created }: Side): string {
  return `${index === undefined ? "no image" : `\`${index}\``}, ${text(created)}`
}

/** @example counts(…, "package") ⇒ ["- Packages: 1 added, 12 changed"] */
function counts({ changes }: Diff, area: DiffArea): string[] {
  const found = KINDS.flatMap((kind) => {
    const names = new Set(changes.filter((change) => change.area === area && change.kind === kind).map(nameOf))
    return names.size === 0 ? [] : [`${String(names.size)} ${kind}`]
  })
  return found.length === 0 ? [] : [`- ${NAMES[area][0]}: ${found.join(", ")}`]
}

function nameOf({ name }: Change): string {
  return name
}

function compressedSizes({ sizes }: Diff): string[] {
  const changed = sizes.filter(({ compressed }) => compressed.old !== compressed.new)
  if (changed.length === 0) return []
  const each = changed.map(
    ({ platform, compressed }) => `${text(platform)} ${sizeChange(compressed.old, compressed.new)}`,
  )
  return [`- Compressed: ${each.join("; ")}`]
}

function notCompared({ notCompared }: Diff): string[] {
  return notCompared.map(({ what, why }) => `- Not compared: ${what}, because ${why}`)
}

function changes(diff: Diff, area: DiffArea): string {
  const rows = diff.changes.filter((change) => change.area === area)
  const common = diff.old.platforms.filter((platform) => diff.new.platforms.includes(platform))
  // Whole columns that would be empty are left out.
  const withBytes = rows.some(({ bytes }) => bytes !== undefined)
  const withPlatforms = rows.some(({ platforms }) => platforms !== undefined)
  return table(
    [
      NAMES[area][1],
      "Change",
      "Old",
      "New",
      ...(withBytes ? ["Unpacked"] : []),
      ...(withPlatforms ? ["Platforms"] : []),
    ],
    rows.map(({ name, aspect, kind, old, new: recent, bytes, platforms }) => [
      text(aspect === undefined || MAIN_ASPECTS.includes(aspect) ? name : `${name}, ${aspect}`),
      kind,
      cell(old),
      cell(recent),
      ...(withBytes ? [bytes ? sizeChange(bytes.old, bytes.new) : ""] : []),
      ...(withPlatforms ? [text(platformsText(platforms, common.length))] : []),
    ]),
  )
}

function platformsText(platforms: readonly string[] | undefined, common: number): string {
  return platforms === undefined || (common > 1 && platforms.length === common) ? "all" : platforms.join(", ")
}

/** Enough of a digest to tell two apart, as everywhere; the JSON has all of it. */
const DIGITS = 12

function cell(value: string | null): string {
  if (value === null) return ""
  const [, algorithm, hash] = /^(sha256:)?([0-9a-f]{64})$/.exec(value) ?? []
  return hash === undefined ? text(value) : `\`${algorithm ?? ""}${hash.slice(0, DIGITS)}\``
}

/** In a row for every platform, changed or not. Empty if no size changed. */
function sizes({ sizes }: Diff): string {
  const same = sizes.every(
    ({ compressed, unpacked }) => compressed.old === compressed.new && unpacked.old === unpacked.new,
  )
  return table(
    ["Platform", "Compressed", "Unpacked"],
    same
      ? []
      : sizes.map(({ platform, compressed, unpacked }) => [
          text(platform),
          sizeChange(compressed.old, compressed.new),
          sizeChange(unpacked.old, unpacked.new),
        ]),
  )
}

/** @example sizeChange(100_000_000, 101_000_000) ⇒ "100.0 MB → 101.0 MB (+1.0 %)" */
function sizeChange(old: number | null, recent: number | null): string {
  if (old === null || recent === null || old === recent) return megabytes(recent ?? old ?? 0)
  const share = old === 0 ? "" : ` (${recent > old ? "+" : ""}${percent((recent - old) / old)})`
  return `${megabytes(old)} → ${megabytes(recent)}${share}`
}
