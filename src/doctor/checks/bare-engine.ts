import { readFileSync } from "node:fs"
import { join } from "node:path"
import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { localGo } from "../../engine/bare/artefacts/go-toolchain.js"
import { checkHost, missingFilesystems } from "../../engine/bare/host/host.js"
import { checkNamespaces, withoutFilesystems } from "../../engine/bare/host/kernel.js"
import { locate, missingHere } from "../../engine/bare/up.js"
import { attempt } from "../../host/exec.js"
import type { Examination, World } from "../examination/examination.js"
import { failure, ok, skipped, warning, type Finding } from "../examination/finding.js"
import { packagesNeeded } from "./disk.js"

const CHECK = "bare engine"

/** Whether the engine without Docker can be started here: what `engine up` refuses, as far as that can be seen without changing anything. */
export async function checkBareEngine(examination: Examination): Promise<Finding> {
  const { world } = examination
  const search = await examination.search()
  if (search.kind === "found")
    return search.bare ? ok(CHECK, "it is running") : skipped(CHECK, `not needed: ${search.engine.reason}`)
  if (search.kind === "broken") return skipped(CHECK, "see engine")
  try {
    const host = checkHost(world.facts)
    await checkFilesystems(world)
    await checkNamespaces(world.env)
    const mounted = fileSystemOf(locate(undefined, world.env).state.root, world)
    if (mounted !== undefined && NO_OVERLAY.test(mounted.type))
      return warning(
        CHECK,
        `its state folder is on ${mounted.type} (${mounted.place}), on which overlay mounts seldom work`,
        "export XDG_CACHE_HOME=/a/folder/on/ext4/xfs/or/btrfs",
      )
    const { binaries, content } = missingHere(locate(undefined, world.env), host)
    const go = binaries || content ? `, with Go ${(await localGo(world.env)).version.join(".")}` : ""
    const packages = packagesNeeded(world)
    const installs = packages.length === 0 ? "" : `; it installs ${packages.join(" ")}`
    return ok(CHECK, `can be started${go}${installs}`)
  } catch (error) {
    if (!(error instanceof RunnerImagesError)) throw error
    return failure(CHECK, error)
  }
}

/** A file system that is missing may be in a module that is not loaded, which `engine up` does. */
async function checkFilesystems({ facts, env, patience }: World): Promise<void> {
  const missing = missingFilesystems(facts.filesystems)
  const loadable = await Promise.all(
    missing.map(async (module) => {
      const words = ["--dry-run", "--quiet", module]
      return (await attempt("modprobe", words, { env, cleanEnv: true, timeout: patience })).exitCode === 0
    }),
  )
  const gone = missing.filter((_, index) => !loadable[index])
  if (gone.length > 0) throw withoutFilesystems(gone)
}

/** On another overlay, and on the network. */
const NO_OVERLAY = /^(?:overlay|nfs4?|cifs|smb3|9p|fuse\..*|virtiofs)$/

/** The file system that holds a path, from the kernel's list of mounts: the last of those with the longest matching place. */
export function fileSystemOf(path: string, { root }: Pick<World, "root">): { type: string; place: string } | undefined {
  let mounts: string
  try {
    mounts = readFileSync(join(root, "proc/self/mountinfo"), "utf8")
  } catch {
    return undefined
  }
  return mounts
    .split("\n")
    .flatMap((line) => {
      const [, place = "", type = ""] = /^\d+ \d+ \S+ \S+ (\S+) .* - (\S+) /.exec(line) ?? []
      const holds = place === "/" || path === place || path.startsWith(`${place}/`)
      return type !== "" && holds ? [{ place, type }] : []
    })
    .reduce<{ type: string; place: string } | undefined>(
      (best, mount) => (mount.place.length >= (best?.place.length ?? 0) ? mount : best),
      undefined,
    )
}
