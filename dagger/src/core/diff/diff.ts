import { RunnerImagesError } from "../errors.js"
import { imagesByPlatform } from "../oci/layout.js"
import { totalBytes } from "../oci/sizes.js"
import type { PlatformReport } from "../report/report.js"
import type { Build } from "./build.js"
import {
  DIFF_AREAS,
  DIFF_SCHEMA_VERSION,
  MAIN_ASPECTS,
  type Change,
  type Diff,
  type NotCompared,
  type Side,
} from "./schema.js"
import { configurationThings } from "./configuration.js"
import { buildThings, listsInstalled, platformThings } from "./contents.js"
import { withoutSpelling, type Thing } from "./thing.js"

/** A platform that both builds have. */
interface Pair {
  platform: string
  old: PlatformReport
  recent: PlatformReport
}

/** A change of one platform, or of the build. */
type Found = Omit<Change, "platforms">

/**
 * Compares two builds: what is in their images, and what their checks found. How they were built (times, install methods) is not compared.
 */
export function compareBuilds(old: Build, recent: Build): Diff {
  const pairs = pairsOf(old, recent)
  const changes = [
    ...onlyOne(old, recent),
    ...differences(buildThings(old.report), buildThings(recent.report)),
    ...together(pairs.map((pair) => ({ platform: pair.platform, found: platformDifferences(pair, old, recent) }))),
  ].sort(inOrder)
  return {
    schemaVersion: DIFF_SCHEMA_VERSION,
    equal: changes.length === 0,
    old: sideOf(old),
    new: sideOf(recent),
    changes,
    sizes: pairs.flatMap(sizesOf),
    notCompared: notCompared(old, recent, pairs),
  }
}

function sideOf({ report: { variant, version, created, index, platforms } }: Build): Side {
  return {
    variant,
    version,
    created,
    ...(index === undefined ? {} : { index }),
    platforms: platforms.map(({ platform }) => platform),
  }
}

function pairsOf(old: Build, recent: Build): Pair[] {
  return old.report.platforms.flatMap((before) => {
    const { platform } = before
    const after = recent.report.platforms.find((candidate) => candidate.platform === platform)
    return after ? [{ platform, old: before, recent: after }] : []
  })
}

/** Platforms that only one of the builds has. */
function onlyOne(old: Build, recent: Build): Change[] {
  const things = ({ report }: Build): Thing[] =>
    report.platforms.map(({ platform, digest = "no image" }) => ({
      area: "platform",
      name: platform,
      shown: digest,
      aspects: {},
    }))
  return differences(things(old), things(recent))
}

function platformDifferences(pair: Pair, old: Build, recent: Build): Found[] {
  const { platform } = pair
  const coverage = {
    installed: listsInstalled(old.report, platform) && listsInstalled(recent.report, platform),
    layers: pair.old.layers !== undefined && pair.recent.layers !== undefined,
  }
  const [before, after] = [configurationOf(old, platform), configurationOf(recent, platform)]
  return [
    ...differences(
      platformThings(old.report, pair.old, coverage),
      platformThings(recent.report, pair.recent, coverage),
    ),
    ...(before && after ? differences(before, after) : []),
  ]
}

function configurationOf({ layout }: Build, platform: string): Thing[] | undefined {
  const image = layout && imagesByPlatform(layout).get(platform)
  return image && configurationThings(image.config)
}

function differences(old: readonly Thing[], recent: readonly Thing[]): Found[] {
  const [before, after] = [byKey(old), byKey(recent)]
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => changesOf(before.get(key), after.get(key)))
}

function byKey(things: readonly Thing[]): Map<string, Thing> {
  return new Map(things.map((thing) => [JSON.stringify([thing.area, thing.name]), thing]))
}

function changesOf(old: Thing | undefined, recent: Thing | undefined): Found[] {
  const thing = old ?? recent
  if (!thing) return []
  const { area, name } = thing
  const bytes = thing.bytes === undefined ? {} : { bytes: { old: old?.bytes ?? null, new: recent?.bytes ?? null } }
  if (!old || !recent) {
    const kind = old ? "removed" : "added"
    return [{ area, name, kind, old: old?.shown ?? null, new: recent?.shown ?? null, ...bytes }]
  }
  const names = [...new Set([...Object.keys(old.aspects), ...Object.keys(recent.aspects)])]
  const different = names.filter((aspect) => decisive(old, aspect) !== decisive(recent, aspect))
  return different
    .filter((aspect) => {
      const [before, after] = [old.aspects[aspect], recent.aspects[aspect]]
      const changesWith = before?.changesWith ?? after?.changesWith
      return !changesWith || (before && after && !changesWith.some((other) => different.includes(other)))
    })
    .map((aspect) => ({
      area,
      name,
      ...(aspect === "" ? {} : { aspect }),
      kind: "changed",
      old: old.aspects[aspect]?.value ?? null,
      new: recent.aspects[aspect]?.value ?? null,
      ...bytes,
    }))
}

function decisive({ aspects }: Thing, name: string): string | undefined {
  const aspect = aspects[name]
  return aspect?.same ?? aspect?.value
}

/** Says once what several platforms have in common, apart from how they are spelt. */
function together(all: readonly { platform: string; found: readonly Found[] }[]): Change[] {
  const groups = new Map<string, { platform: string; change: Found }[]>()
  for (const { platform, found } of all)
    for (const change of found) {
      const key = JSON.stringify(neutral(change, platform))
      groups.set(key, [...(groups.get(key) ?? []), { platform, change }])
    }
  return [...groups.values()].flatMap((group) => {
    const platforms = group.map(({ platform }) => platform)
    const [first] = group
    // Two things of one platform are two changes, however similar they are spelt.
    if (!first || new Set(platforms).size < platforms.length)
      return group.map(({ platform, change }) => ({ ...change, platforms: [platform] }))
    const spellings = new Set(group.map(({ change }) => JSON.stringify(change)))
    return [{ ...(spellings.size === 1 ? first.change : neutral(first.change, first.platform)), platforms }]
  })
}

function neutral(change: Found, platform: string): Found {
  const text = (value: string | null) => (value === null ? null : withoutSpelling(value, platform))
  return { ...change, name: withoutSpelling(change.name, platform), old: text(change.old), new: text(change.new) }
}

/** Code units, so that the order is the same everywhere. */
function inOrder(one: Change, other: Change): number {
  const key = ({ area, name, aspect = "", platforms = [] }: Change) => [
    String(DIFF_AREAS.indexOf(area)).padStart(2, "0"),
    name,
    `${MAIN_ASPECTS.includes(aspect) ? "0" : "1"} ${aspect}`,
    platforms.join(),
  ]
  const [a, b] = [key(one), key(other)]
  const place = a.findIndex((part, index) => part !== b[index])
  return place < 0 ? 0 : (a[place] ?? "") < (b[place] ?? "") ? -1 : 1
}

function sizesOf({ platform, old, recent }: Pair): Diff["sizes"] {
  if (!old.layers || !recent.layers) return []
  if (old.compressedBytes === undefined || recent.compressedBytes === undefined) return []
  return [
    {
      platform,
      compressed: { old: old.compressedBytes, new: recent.compressedBytes },
      unpacked: { old: totalBytes(old.layers), new: totalBytes(recent.layers) },
    },
  ]
}

/** Nothing is missing if both have the same image: the index has the digest of everything that is in it. */
function notCompared(old: Build, recent: Build, pairs: readonly Pair[]): NotCompared[] {
  if (old.report.index !== undefined && old.report.index === recent.report.index) return []
  const image = without(old, recent, ({ report: { index } }) => index === undefined)
  const alone = without(old, recent, ({ report: { index }, layout }) => index !== undefined && !layout)
  // What the builds installed on the same base is all that differs.
  const otherBase = pairs.filter((pair) => pair.old.base !== pair.recent.base)
  const installed = without(old, recent, ({ report }) =>
    otherBase.some(({ platform }) => !listsInstalled(report, platform)),
  )
  const noImage = {
    old: "the old build wrote no image",
    new: "the new build wrote no image",
    both: "neither build wrote an image",
  }
  return [
    ...reasons("configuration", image, noImage),
    ...reasons("layers and sizes", image, noImage),
    ...reasons("configuration", alone, {
      old: "the old build is given by its report alone",
      new: "the new build is given by its report alone",
      both: "both builds are given by their reports alone",
    }),
    ...reasons("packages of the base image", installed, {
      old: listsOwn("the report of the old build lists only those that the build installed"),
      new: listsOwn("the report of the new build lists only those that the build installed"),
      both: listsOwn("the reports list only those that the builds installed"),
    }),
  ]
}

type Which = "old" | "new" | "both"

/** Which of two builds lacks something. */
function without(old: Build, recent: Build, lacks: (build: Build) => boolean): Which | undefined {
  if (lacks(old)) return lacks(recent) ? "both" : "old"
  return lacks(recent) ? "new" : undefined
}

function reasons(what: string, which: Which | undefined, why: Readonly<Record<Which, string>>): NotCompared[] {
  return which === undefined ? [] : [{ what, why: why[which] }]
}

function listsOwn(clause: string): string {
  return `${clause}, so one that is named as added or removed may be in the other build's base`
}

/** @throws RunnerImagesError BUILDS_DIFFER */
export function assertEqual({ equal, changes }: Diff): void {
  if (equal) return
  throw new RunnerImagesError(
    "BUILDS_DIFFER",
    changes.length === 1 ? "The builds have 1 difference." : `The builds have ${String(changes.length)} differences.`,
    "The answer names them. Without --exit-code, differences are not an error.",
  )
}
