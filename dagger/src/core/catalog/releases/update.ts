import { parseDocument, type Document } from "yaml"
import { RunnerImagesError } from "../../errors.js"
import { PLATFORMS, type PlatformName } from "../../platforms.js"
import type { PinningAccess, VendorAccess } from "../vendor-access.js"
import { isSigned, signatureText, type Signature } from "../verification.js"
import { catalogError, problemText } from "../catalog.js"
import type { VendorRelease } from "../feeds/feed.js"
import { compareWithVendor, messageOf, targetsOf, type Target } from "./newest.js"
import { readCatalog } from "../pins.js"
import { UNKNOWN, type ToolEntry } from "../schema.js"
import { vulnerabilityText } from "../vulnerabilities.js"

/** The outcome for one pinned source. */
export interface Update {
  tool: string
  source: "upstream" | "registry"
  /** `completed`: the version stays, but a fact that was unknown is now known. */
  state: "updated" | "completed" | "current" | "refused" | "unreachable"
  from: string
  to: string
  /** It was pinned to the file downloaded now: the vendor publishes no checksum to compare it with. */
  seenOnce?: true
  /** Whose signature was verified now. */
  signature?: Signature
  /** Why it was not updated. */
  reason?: string
  /** Known vulnerabilities of the version that is pinned now. */
  warning?: string
}

export interface UpdatedPins {
  text: string
  updates: Update[]
}

/**
 * Pins tools to their vendors' newest releases. A pin never goes back, and a release is only pinned if it has a file and a
 * checksum for every platform; files for which the vendor publishes no checksum are downloaded and hashed. Signatures are verified where
 * there are any, and a pin that was verified by one is never replaced by one that is not.
 *
 * @param text the text of pins.yaml, whose comments and order are kept
 * @param names the tools; tools that need the same version are included
 * @throws RunnerImagesError CATALOG_INVALID when the catalog is invalid, before or after; DOWNLOAD_MISMATCH when a vendor has
 *   replaced a file; SIGNATURE_INVALID when a signature does not fit
 */
export async function updatePins(
  text: string,
  names: readonly string[],
  entries: Readonly<Record<string, ToolEntry>>,
  access: PinningAccess,
): Promise<UpdatedPins> {
  const before = readCatalog(text, entries)
  if (before.problems.length > 0) throw catalogError(before.problems)
  const document = parseDocument(text, { schema: "failsafe" })
  const updates: Update[] = []
  for (const group of groupsOf(names, entries))
    updates.push(...(await updateGroup(document, group, before.tools, entries, access)))
  const after = document.toString({ lineWidth: 0 })
  const { problems } = readCatalog(after, entries)
  if (problems.length > 0)
    throw new RunnerImagesError(
      "CATALOG_INVALID",
      `The vendors' answers cannot be pinned: ${problems.map(problemText).join("; ")}.`,
      "Nothing was written; try again later, or update other tools by name.",
    )
  return { text: after, updates }
}

/** Tools that only work together are updated together or not at all. */
function groupsOf(names: readonly string[], entries: Readonly<Record<string, ToolEntry>>): string[][] {
  const leaderOf = (name: string) => entries[name]?.sameVersionAs ?? name
  const leaders = [...new Set(names.map(leaderOf))]
  return leaders.map((leader) => Object.keys(entries).filter((name) => leaderOf(name) === leader))
}

async function updateGroup(
  document: Document,
  names: readonly string[],
  tools: ReturnType<typeof readCatalog>["tools"],
  entries: Readonly<Record<string, ToolEntry>>,
  access: PinningAccess,
): Promise<Update[]> {
  const renewals = await Promise.all(targetsOf(names, tools, entries).map((target) => renewal(target, access)))
  const updates = renewals.map(({ target, update, facts }, _, all): Update => {
    const { source } = target.pinned
    const partners = all.filter((other) => other.target.pinned.source === source)
    const versions = new Set(partners.map((other) => other.update.to))
    if (versions.size > 1) {
      const reason = `${partners.map((other) => `${other.update.tool} would be ${other.update.to}`).join(", ")}, but they only work together`
      const state = update.state === "unreachable" ? "unreachable" : "refused"
      return { ...update, state, to: update.from, reason: update.reason ?? reason }
    }
    if (facts) write(document, target, facts)
    return update
  })
  return updates.map((update) => {
    const warning = vulnerabilityText({
      tool: update.tool,
      title: entries[update.tool]?.title ?? "",
      version: update.to,
    })
    return warning === undefined ? update : { ...update, warning }
  })
}

interface Facts {
  version: string
  released: string
  checksums: Record<PlatformName, string>
  /** The vendor publishes no checksum for any of the files. */
  seenOnce: boolean
  signature?: Signature | undefined
}

async function renewal(
  target: Target,
  access: PinningAccess,
): Promise<{ target: Target; update: Update; facts?: Facts }> {
  const { tool, pinned } = target
  const kept = { tool, source: pinned.source, from: pinned.version, to: pinned.version }
  const compared = await compareWithVendor(target, access)
  if (compared.state === "unreachable" || compared.filesUnknown)
    return { target, update: { ...kept, state: "unreachable", reason: compared.reason ?? "" } }
  if (compared.state === "ahead" || compared.state === "incomplete")
    return { target, update: { ...kept, state: "refused", reason: compared.reason ?? "" } }
  const { newest, reason } = compared
  const { verifiedBy } = pinned
  const signed = isSigned(verifiedBy)
  let learnt: Pick<Facts, "checksums" | "seenOnce" | "signature">
  try {
    learnt = await checksumsOf(target, newest, access)
    // What was verified once has the same checksums.
    if (compared.state === "outdated" || !signed)
      learnt.signature = await target.feed.signature?.(access, newest.version, learnt.checksums)
  } catch (error) {
    if (error instanceof RunnerImagesError) throw error
    return { target, update: { ...kept, state: "unreachable", reason: messageOf(error) } }
  }
  const { checksums, signature } = learnt
  const seenOnce = learnt.seenOnce && !signature
  const mark = { ...(seenOnce ? { seenOnce: true as const } : {}), ...(signature ? { signature } : {}) }
  const { version, released } = newest
  if (compared.state === "outdated") {
    if (signed && !signature) {
      const lost = `${version} has no signature, and ${pinned.version} was verified by ${signatureText(verifiedBy)}`
      return { target, update: { ...kept, state: "refused", reason: lost } }
    }
    const update: Update = {
      ...kept,
      state: "updated",
      to: version,
      ...mark,
      ...(reason === undefined ? {} : { reason }),
    }
    return { target, update, facts: { version, released, ...learnt } }
  }
  const isNew = (before: string, now: string) => before === UNKNOWN && now !== UNKNOWN
  const news =
    isNew(pinned.released, released) ||
    signature !== undefined ||
    (verifiedBy.by === "first-seen" && !seenOnce) ||
    pinned.downloads.some(({ platform, checksum }) => isNew(checksum, checksums[platform]))
  if (!news) return { target, update: { ...kept, state: "current" } }
  const facts = { version, released: pinned.released === UNKNOWN ? released : pinned.released, ...learnt }
  return { target, update: { ...kept, state: "completed", ...mark }, facts }
}

/**
 * A checksum for every platform, and whether the vendor published any of them.
 *
 * @throws RunnerImagesError DOWNLOAD_MISMATCH when the vendor publishes another one for the pinned version
 */
async function checksumsOf(
  { tool, pinned, feed }: Target,
  { version, files }: VendorRelease,
  access: VendorAccess,
): Promise<Pick<Facts, "checksums" | "seenOnce">> {
  let seenOnce = false
  const pairs = await Promise.all(
    PLATFORMS.map(async (platform) => {
      const known =
        version === pinned.version ? pinned.downloads.find((file) => file.platform === platform)?.checksum : undefined
      const published = files[platform] ?? UNKNOWN
      if (known !== undefined && known !== UNKNOWN) {
        if (published !== UNKNOWN && published !== known)
          throw new RunnerImagesError(
            "DOWNLOAD_MISMATCH",
            `${tool} ${version} for ${platform} is pinned to ${known}, but its vendor now publishes ${published}.`,
            "Find out why the vendor has replaced the file before changing the catalog.",
          )
        seenOnce ||= published === UNKNOWN && pinned.verifiedBy.by === "first-seen"
        return [platform, known]
      }
      seenOnce ||= published === UNKNOWN && feed.hashes === true
      return [platform, published === UNKNOWN ? await feed.checksum(access, version, platform) : published]
    }),
  )
  return { checksums: Object.fromEntries(pairs) as Record<PlatformName, string>, seenOnce }
}

function write(document: Document, { tool, pinned }: Target, facts: Facts): void {
  const { version, released, checksums, seenOnce, signature } = facts
  const path = [tool, pinned.source]
  document.setIn([...path, "version"], version)
  document.setIn([...path, "released"], released)
  // A package that is the same on every platform has one checksum.
  if (typeof document.getIn([...path, pinned.field]) === "string")
    document.setIn([...path, pinned.field], Object.values(checksums)[0])
  else for (const platform of PLATFORMS) document.setIn([...path, pinned.field, platform], checksums[platform])
  if (seenOnce && !signature) document.setIn([...path, "seen"], "once")
  else document.deleteIn([...path, "seen"])
  if (signature) document.setIn([...path, "verified"], document.createNode(signature))
}
