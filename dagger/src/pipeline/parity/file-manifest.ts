import type { Container, Directory } from "@dagger.io/dagger"
import { parseManifest, type Manifest } from "../../core/parity/file-manifest.js"
import { replacements } from "../../core/parity/arch-neutral.js"
import type { PlatformName } from "../../core/platforms.js"
import type { Native } from "../engine/native.js"
import { script } from "../engine/script.js"

const PARTS = ["file-manifest.mjs", "scan/elf.mjs"]

/** Every path of a container's root with all that it is, but for its times. Reads natively, executes nothing of the root. */
export function manifestOf(native: Native, container: Container): Promise<Manifest> {
  return listed(native, container.rootfs())
}

/** The same of a part of a platform's root, with what can be told of each file without the platform's spellings. */
export function neutralManifestOf(native: Native, files: Directory, platform: PlatformName): Promise<Manifest> {
  return listed(native, files, JSON.stringify(replacements(platform)))
}

async function listed(native: Native, root: Directory, ...options: string[]): Promise<Manifest> {
  const text = await PARTS.reduce((side, name) => side.withNewFile(`/manifest/${name}`, script(name)), native.toolbox)
    .withMountedDirectory("/target", root)
    // A file, because what goes to standard output ends up in logs as well, and this is megabytes.
    .withExec(["node", "/manifest/file-manifest.mjs", "/target", ...options], { redirectStdout: "/listed" })
    .file("/listed")
    .contents()
  return parseManifest(text)
}
