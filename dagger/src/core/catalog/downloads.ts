import { PLATFORMS, type PlatformName } from "../platforms.js"
import type { CatalogTool } from "./schema.js"
import type { VerifiedBy } from "./verification.js"

/** What is downloaded for a tool on one platform. */
export interface Download {
  platform: PlatformName
  /** A URL, or the name of a package. */
  file: string
  /** As the source writes it, or `unknown`. */
  checksum: string
}

/** One pinned source of a tool, with a download for each platform. */
export interface PinnedSource {
  source: "upstream" | "registry"
  kind: "upstream" | "npm" | "go-toolchain"
  version: string
  released: string
  verifiedBy: VerifiedBy
  /** The checksums' key in pins.yaml. */
  field: "sha256" | "integrity" | "sum"
  downloads: Download[]
}

/** The pinned sources of a tool: packages of the distribution and programs of this project are not pinned. */
export function pinnedSources({ upstream, registry }: CatalogTool): PinnedSource[] {
  const sources: PinnedSource[] = []
  if (upstream) {
    const { version, released, files, verifiedBy } = upstream
    const downloads = each((platform) => ({ file: files[platform].url, checksum: files[platform].sha256 }))
    sources.push({ source: "upstream", kind: "upstream", version, released, verifiedBy, field: "sha256", downloads })
  }
  if (registry.kind === "npm") {
    const { kind, version, released, verifiedBy, packages } = registry
    const downloads = each((platform) => ({
      file: `${packages[platform].name}@${version}`,
      checksum: packages[platform].integrity,
    }))
    sources.push({ source: "registry", kind, version, released, verifiedBy, field: "integrity", downloads })
  }
  if (registry.kind === "go-toolchain") {
    const { kind, version, released, verifiedBy, modules } = registry
    const downloads = each((platform) => ({
      file: `${modules[platform].path}@${modules[platform].version}`,
      checksum: modules[platform].sum,
    }))
    sources.push({ source: "registry", kind, version, released, verifiedBy, field: "sum", downloads })
  }
  return sources
}

function each(of: (platform: PlatformName) => Omit<Download, "platform">): Download[] {
  return PLATFORMS.map((platform) => ({ platform, ...of(platform) }))
}
