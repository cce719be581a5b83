import type { Build } from "../../../../dagger/src/core/diff/build.js"
import type { ImageConfig } from "../../../../dagger/src/core/oci/documents.js"
import type { Layout } from "../../../../dagger/src/core/oci/layout.js"
import { PLATFORMS } from "../../../../dagger/src/core/platforms.js"
import type { ImageLayer, ImageParity, PlatformReport, Report } from "../../../../dagger/src/core/report/report.js"
import { platformReport, report } from "../report/reports.js"

export const sha256 = (digit: string): string => digit.repeat(64)
export const digest = (digit: string): string => `sha256:${sha256(digit)}`

export const layer = (name: string, digit: string, bytes = 2_000_000): ImageLayer => ({
  name,
  digest: digest(digit),
  bytes,
  compressedBytes: bytes / 2,
})

const LAYERS = [layer("base image", "5", 100_000_000), layer("packages", "6", 200_000_000)]

/** A platform of a build that wrote an image. */
export const platform = (name: string, change: Partial<PlatformReport> = {}): PlatformReport =>
  platformReport(name, { layers: LAYERS, ...change })

export interface Changes {
  /** Of the report. */
  report?: Partial<Report>
  /** Of every platform. */
  platform?: Partial<PlatformReport>
  platforms?: readonly string[]
  /** Of the configuration of every platform's image. */
  config?: Record<string, unknown>
  /** Given by its report alone. */
  reportOnly?: true
}

/** A build, as `build --output` writes it, but for the changes given. */
export function build({ report: own, platform: all, platforms = PLATFORMS, config, reportOnly }: Changes = {}): Build {
  const made = report({ platforms: platforms.map((name) => platform(name, all)), ...own })
  return { report: made, ...(reportOnly ? {} : { layout: layoutOf(platforms, config) }) }
}

/** What every image has. */
export const CONFIG = {
  User: "1001",
  Entrypoint: ["/entrypoint.sh"],
  Env: ["PATH=/usr/bin", "LANG=C.UTF-8"],
  Labels: { "org.opencontainers.image.title": "GitHub Actions runner" },
  Healthcheck: { Test: ["CMD", "/health"], Interval: 30_000_000_000, Retries: 3 },
}

function layoutOf(platforms: readonly string[], config: Record<string, unknown> = {}): Layout {
  return {
    index: { digest: digest("0"), text: "{}" },
    images: platforms.map((name) => {
      const [os = "", architecture = ""] = name.split("/")
      const document: ImageConfig = {
        os,
        architecture,
        config: { ...CONFIG, ...config },
        rootfs: { type: "layers", diff_ids: [] },
      }
      return { digest: digest("1"), config: document, manifest: undefined as never }
    }),
  }
}

/** The comparison of platforms, which lists everything that is installed, with its version on each platform. */
export function installed(versions: Record<string, Record<string, string | null> | string>): ImageParity {
  return {
    platforms: [...PLATFORMS],
    software: Object.entries(versions).map(([name, version]) => ({
      kind: "package",
      name,
      versions:
        typeof version === "string" ? Object.fromEntries(PLATFORMS.map((platform) => [platform, version])) : version,
    })),
    paths: 0,
    differences: [],
    explained: [],
    unused: [],
  }
}
