import type { Container } from "@dagger.io/dagger"
import { parseManifest, type Manifest } from "../core/manifest.js"
import type { Native } from "./native.js"
import { script } from "./script.js"

/** Every path of a container's root with all that it is, but for its times. Reads natively, executes nothing of the root. */
export async function manifestOf(native: Native, container: Container): Promise<Manifest> {
  const text = await native.toolbox
    .withNewFile("/manifest.mjs", script("file-manifest.mjs"))
    .withMountedDirectory("/target", container.rootfs())
    // A file, because what goes to standard output ends up in logs as well, and this is megabytes.
    .withExec(["node", "/manifest.mjs", "/target"], { redirectStdout: "/manifest" })
    .file("/manifest")
    .contents()
  return parseManifest(text)
}
