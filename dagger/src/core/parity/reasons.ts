import { fileFacts, type Fact, type ImageContents } from "./image-facts.js"
import type { FileManifest } from "./file-manifest.js"
import { archNeutral, withArchNeutral } from "./arch-neutral.js"
import type { InstalledPackage } from "../packages/dpkg-status.js"
import type { AllowedImageDifference } from "./platform-differences.js"
import type { PlatformName } from "../platforms.js"
import type { ParityArea } from "../report/report.js"
import { SHIPPED_MODES } from "../variants/runtime-files.js"

/** A tool that its vendor builds for each platform, and its files in an image, as the vendor built them. */
export interface VendorTool {
  name: string
  version: string
  /** A tree from the image's root. */
  files: ReadonlyMap<PlatformName, FileManifest>
}

/** Evidence that explains differences, in addition to the images themselves. */
export interface ParityEvidence {
  allowed: readonly AllowedImageDifference[]
  /** Names of all packages that the archive has, by platform. */
  archive?: ReadonlyMap<PlatformName, Iterable<string>>
  tools?: readonly VendorTool[]
  /** The variables for which a definition file has a value for each platform, by platform. */
  environment?: ReadonlyMap<PlatformName, Readonly<Record<string, string>>>
}

/** One compared property on all platforms, under their common name. */
export interface Row {
  area: ParityArea
  name: string
  aspect?: string
  facts: ReadonlyMap<PlatformName, Fact | undefined>
}

type Names = ReadonlyMap<PlatformName, ReadonlySet<string>>

/** Finds the reason for a difference, if it is known. These reasons are derived, never written by hand. */
export function explainer(
  images: readonly ImageContents[],
  { archive, tools, environment }: ParityEvidence,
): (row: Row) => string | undefined {
  const offered =
    archive && new Map([...archive].map(([platform, names]) => [platform, withArchNeutral(names, platform)]))
  const made = tools?.map(({ name, version, files }) => ({
    title: `${name} ${version}`.trimEnd(),
    files,
    paths: new Map([...files].map(([platform, manifest]) => [platform, withArchNeutral(manifest.keys(), platform)])),
  }))
  return (row) => {
    const facts = [...row.facts.values()]
    // A missing value cannot name the platform.
    if (isEverywhere(row) && new Set(facts.map((fact) => fact?.archNeutral)).size === 1) return "names the platform"
    if (row.area === "package")
      return (offered && archiveReason(row, offered)) ?? dependencyReason(row, images, offered)
    // Packages are compared themselves; this follows from them.
    if (row.area === "file" && row.name === SHIPPED_MODES && row.aspect === "content")
      return "says which modes each platform's packages ship"
    if (row.area === "file" && made) return vendorReason(row, made)
    if (row.area === "environment" && environment) return environmentReason(row, environment)
    return undefined
  }
}

/** A package that the archive offers for exactly those platforms that have it. */
function archiveReason(row: Row, offered: Names): string | undefined {
  if (isEverywhere(row)) return undefined
  const asOffered = [...row.facts].every(
    ([platform, fact]) => offered.get(platform)?.has(fact?.name ?? row.name) === (fact !== undefined),
  )
  return asOffered ? `the archive has it for ${listed(row)} only` : undefined
}

/** A package that was not requested, and that others depend on for exactly those platforms that have it. */
function dependencyReason(row: Row, images: readonly ImageContents[], offered: Names | undefined): string | undefined {
  if (isEverywhere(row)) return undefined
  const having = images.filter(({ platform }) => row.facts.get(platform))
  const lacking = images.filter((image) => !having.includes(image))
  const dependers = having.flatMap((image) => {
    const entry = image.packages.find(({ name }) => name === row.facts.get(image.platform)?.name)
    return lacking.map((other) => (entry ? onlyDependers(entry, image, other, offered, []) : undefined))
  })
  if (dependers.some((names) => names === undefined)) return undefined
  const names = [...new Set(dependers.flatMap((found) => found ?? []))]
  return `${names.join(", ")} ${names.length === 1 ? "depends" : "depend"} on it for ${listed(row)} only`
}

/**
 * Names of the packages that depend on one in an image, provided that none of them does so in another image, which lacks it.
 *
 * @param asked packages that the recursion came from
 */
function onlyDependers(
  wanted: InstalledPackage,
  image: ImageContents,
  other: ImageContents,
  offered: Names | undefined,
  asked: readonly InstalledPackage[],
): string[] | undefined {
  if (image.requested.includes(wanted.name) || asked.includes(wanted)) return undefined
  const common = ({ name }: InstalledPackage) => archNeutral(name, image.platform)
  const satisfied = new Set([wanted.name, ...wanted.provides].map((name) => archNeutral(name, image.platform)))
  const dependsIn = ({ platform }: ImageContents, { depends }: InstalledPackage) =>
    depends.some((name) => satisfied.has(archNeutral(name, platform)))
  const dependers = image.packages.filter((entry) => entry !== wanted && dependsIn(image, entry))
  const there = dependers.every((entry) => {
    const counterpart = other.packages.find(({ name }) => archNeutral(name, other.platform) === common(entry))
    if (counterpart) return counterpart.sourceVersion === entry.sourceVersion && !dependsIn(other, counterpart)
    return (
      offered?.get(other.platform)?.has(common(entry)) === false ||
      onlyDependers(entry, image, other, offered, [...asked, wanted]) !== undefined
    )
  })
  return there && dependers.length > 0 ? dependers.map(({ name }) => name) : undefined
}

/** A variable that has on each platform the value that the definition file has for it. */
function environmentReason(row: Row, environment: NonNullable<ParityEvidence["environment"]>): string | undefined {
  const asDefined = [...row.facts].every(
    ([platform, fact]) => fact !== undefined && environment.get(platform)?.[row.name] === fact.shown,
  )
  return asDefined ? "the definition has a value for each platform" : undefined
}

/** A path that is on each platform exactly as its vendor built it. */
function vendorReason(
  row: Row,
  made: readonly (Pick<VendorTool, "files"> & { title: string; paths: Names })[],
): string | undefined {
  const tool = made.find(({ files, paths }) =>
    [...row.facts].every(([platform, fact]) => {
      if (!fact) return paths.get(platform)?.has(row.name) === false
      const entry = files.get(platform)?.get(fact.name)
      return (
        entry !== undefined &&
        fileFacts(platform, fact.name, entry).some(({ aspect, same }) => aspect === row.aspect && same === fact.same)
      )
    }),
  )
  if (!tool) return undefined
  return isEverywhere(row)
    ? `the same as in the files of ${tool.title} for each platform`
    : `the files of ${tool.title} have it for ${listed(row)} only`
}

function isEverywhere({ facts }: Row): boolean {
  return [...facts.values()].every((fact) => fact !== undefined)
}

/** The platforms that have something. */
function listed({ facts }: Row): string {
  return [...facts].flatMap(([platform, fact]) => (fact ? [platform] : [])).join(" and ")
}
