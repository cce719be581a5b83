import type { Container, Directory } from "@dagger.io/dagger"
import { parseFileManifest, type FileManifest } from "../../core/parity/file-manifest.js"
import { replacements } from "../../core/parity/arch-neutral.js"
import type { PlatformName } from "../../core/platforms.js"
import type { EngineHost } from "../engine/engine-host.js"

const PARTS = ["file-manifest.mjs", "scan/elf.mjs"]

/** Every path of a container's root with all its properties except times. Reads natively and executes nothing from the root. */
export function manifestOf(engineHost: EngineHost, container: Container): Promise<FileManifest> {
  return listed(engineHost, container.rootfs())
}

/** The same for a part of a platform's root, with the arch-neutral facts of each file. */
export function archNeutralManifestOf(
  engineHost: EngineHost,
  files: Directory,
  platform: PlatformName,
): Promise<FileManifest> {
  return listed(engineHost, files, JSON.stringify(replacements(platform)))
}

async function listed(engineHost: EngineHost, root: Directory, ...options: string[]): Promise<FileManifest> {
  const text = await engineHost
    .toolboxWith(...PARTS)
    .withMountedDirectory("/target", root)
    // A file, because standard output also ends up in logs, and this is megabytes.
    .withExec(["node", "/plan/file-manifest.mjs", "/target", ...options], { redirectStdout: "/listed" })
    .file("/listed")
    .contents()
  return parseFileManifest(text)
}
