import { execa } from "execa"
import { existsSync } from "node:fs"
import { lstat, readdir, rename, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { RUNNER_MANIFEST } from "../../dagger/src/core/variants/runtime-files.js"
import { PROJECT_ROOT } from "../../src/host/paths.js"
import { actRunnerProgram, digestOfLayout, makeRunnerFolder } from "../runtime/act-runner/program.js"
import type { UnpackedImage } from "./oci-image.js"

/** Where images have the runner. */
const HOME = "home/runner"

/**
 * The same image with the runner made of Go modules, compiled here, in the place of its own.
 *
 * A copy of links, so it takes no room; containers never write to an image's files.
 */
export async function withActRunner(image: UnpackedImage): Promise<UnpackedImage> {
  const sources = basename(dirname(dirname(await actRunnerProgram(image.platform))))
  const rootfs = join(dirname(image.rootfs), `act-runner-${sources}-${digestOfLayout()}`)
  if (!existsSync(rootfs)) {
    const partial = `${rootfs}.new`
    const made = `${rootfs}.runner`
    for (const left of [partial, made]) await rm(left, { recursive: true, force: true })
    await execa("cp", ["-al", image.rootfs, partial])
    const home = join(partial, HOME)
    const { uid, gid } = await lstat(join(home, "run.sh"))
    for (const each of await readdir(join(PROJECT_ROOT, "docker/stand-in")))
      await rm(join(home, each), { recursive: true })
    await makeRunnerFolder(made, image.platform)
    await execa("chown", ["-R", `${uid}:${gid}`, made])
    for (const each of await readdir(made)) await rename(join(made, each), join(home, each))
    await rm(made, { recursive: true })
    // As the pipeline does: the start-up program gives no token to other programs than these. Not into the file that has links.
    const manifest = join(partial, RUNNER_MANIFEST)
    const script = join(PROJECT_ROOT, "dagger/scripts/runner-manifest.sh")
    const { stdout } = await execa("sh", [script], { cwd: home, stripFinalNewline: false })
    await rm(manifest)
    await writeFile(manifest, stdout)
    await rename(partial, rootfs)
  }
  return { ...image, rootfs, runner: "act" }
}
