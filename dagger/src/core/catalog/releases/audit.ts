import { PLATFORMS, type PlatformName } from "../../platforms.js"
import { pinnedSources, type PinnedSource } from "../downloads.js"
import { UNKNOWN, type CatalogTool } from "../schema.js"
import { isSigned, signatureText, type VerifiedBy } from "../verification.js"
import { vulnerabilitiesOf } from "../vulnerabilities.js"

/** Where one tool comes from on one platform, and how it is verified. */
export interface AuditRow {
  tool: string
  title: string
  platform: PlatformName
  source: "upstream" | "registry"
  /** The pinned version, or who decides it when an image is built: `the archive's`, `the project's`. */
  version: string
  /** The day, or `unknown`. */
  released: string
  /** A URL, a package's name and version, or a folder of this project. */
  from: string
  verified: string
  /** How the checksum came to be trusted; absent if nothing is pinned. */
  verifiedBy?: VerifiedBy
  /** Known vulnerabilities of the pinned version, by their ids. */
  vulnerabilities: readonly string[]
  /** The smoke checks that prove it in the image. */
  checks: readonly string[]
}

const VERIFIED: Record<PinnedSource["kind"], string> = {
  upstream: "SHA-256 in the catalog",
  npm: "npm's integrity (SHA-512) in the catalog",
  "go-toolchain": "Go's checksum (h1) in the catalog",
}
export const UNVERIFIED = "no known checksum: refused"

/** The dependency audit: every tool on every platform from every source. */
export function audit(tools: Readonly<Record<string, CatalogTool>>): AuditRow[] {
  return Object.entries(tools).flatMap(([name, tool]) => [
    ...pinnedSources(tool).flatMap((pinned) => pinnedRows(name, tool, pinned)),
    ...unpinnedRows(name, tool),
  ])
}

function pinnedRows(
  name: string,
  { title, checks, registryIsUpstream }: CatalogTool,
  pinned: PinnedSource,
): AuditRow[] {
  const { version, released, kind, verifiedBy } = pinned
  const vulnerabilities = vulnerabilitiesOf(name, version).map(({ id }) => id)
  const sources = registryIsUpstream ? (["upstream", "registry"] as const) : [pinned.source]
  return sources.flatMap((source) =>
    pinned.downloads.map(({ platform, file: from, checksum }) => {
      const verified = checksum === UNKNOWN ? UNVERIFIED : `${VERIFIED[kind]}, ${pinnedBy(verifiedBy)}`
      const row = { tool: name, title, platform, source, version, released, from, verified, vulnerabilities, checks }
      return checksum === UNKNOWN ? row : { ...row, verifiedBy }
    }),
  )
}

/** How the checksum in the catalog came to be trusted. */
function pinnedBy(verifiedBy: VerifiedBy): string {
  if (isSigned(verifiedBy)) return `pinned by ${signatureText(verifiedBy)}`
  return verifiedBy.by === "first-seen"
    ? "seen once: the vendor publishes none"
    : "as published; no signature was verified"
}

function unpinnedRows(name: string, { title, registry, checks }: CatalogTool): AuditRow[] {
  if (registry.kind !== "deb" && registry.kind !== "go-program") return []
  const [version, from, verified] =
    registry.kind === "deb"
      ? ["the archive's", `package ${registry.package}`, "the archive's signature, then SHA-256"]
      : [`as in docker/${registry.folder}/go.mod`, registry.module, `the checksums in docker/${registry.folder}/go.sum`]
  return PLATFORMS.map((platform) => ({
    tool: name,
    title,
    platform,
    source: "registry",
    version,
    released: UNKNOWN,
    from,
    verified,
    vulnerabilities: [],
    checks,
  }))
}
