import { execa } from "execa"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import {
  compareFileManifests,
  parseFileManifest,
  suppress,
  type AllowedDifference,
  type FileManifest,
  type Judged,
} from "../../dagger/src/core/parity/file-manifest.js"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import { unpackImage } from "../lifecycle/oci-image.js"

const MANIFEST = join(import.meta.dirname, "../../dagger/scripts/file-manifest.mjs")

/** An image's files and configuration. */
export interface ImageContents {
  files: FileManifest
  config: Record<string, unknown>
}

/**
 * Reads one platform's image of a layout, by umoci, as root.
 *
 * @param work a folder for the unpacked files
 */
export async function imageContents(layout: string, platform: PlatformName, work: string): Promise<ImageContents> {
  const { rootfs, digest } = await unpackImage(layout, platform, work)
  const { stdout } = await execa("node", [MANIFEST, rootfs], { maxBuffer: 1 << 29 })
  const blob = (name: string): unknown =>
    JSON.parse(readFileSync(join(layout, "blobs", name.replace(":", "/")), "utf8"))
  const manifest = blob(digest) as { config: { digest: string } }
  const { config } = blob(manifest.config.digest) as { config: Record<string, unknown> }
  return { files: parseFileManifest(stdout), config }
}

/** What of an image from a Dockerfile may differ from the pipeline's, and why: exactly these paths and fields. */
export const EXPLAINED: readonly AllowedDifference[] = [
  {
    path: "/home/runner/.setup_info",
    fields: ["size", "sha256"],
    reason: "the pipeline's has the time of the archive's youngest Release file, and says where its report is",
  },
  {
    path: "/home",
    fields: ["owner"],
    reason:
      "the pipeline's belongs to the runner: Dagger gives the folder above one that it copies the owner of the copy",
  },
]

/** Labels that only the pipeline can give: they are of its build, not of the image's contents. */
export const PIPELINE_LABELS = [
  "com.github.runner.created",
  "org.opencontainers.image.base.digest",
  "org.opencontainers.image.created",
  "org.opencontainers.image.revision",
  "org.opencontainers.image.source",
] as const

/** Compares two images' files. */
export function compareImages(pipeline: ImageContents, dockerfile: ImageContents): Judged {
  return suppress(compareFileManifests(pipeline.files, dockerfile.files), EXPLAINED)
}

/** An image's configuration without what only the pipeline can give it. */
export function comparableConfig({ config }: ImageContents): Record<string, unknown> {
  const { Labels: labels = {}, ...rest } = config as { Labels?: Record<string, string> }
  const kept = Object.entries(labels).filter(([name]) => !(PIPELINE_LABELS as readonly string[]).includes(name))
  return { ...rest, Labels: Object.fromEntries(kept) }
}
