import { dag, ExecError, type Container, type Directory } from "@dagger.io/dagger"
import { failureReason, inOrderOf, type InstallOrder } from "../core/acceleration.js"
import { spelling, type PlatformName } from "../core/platforms.js"
import { asPlatform } from "./platform.js"
import { script } from "./script.js"

/** A side of a build whose programs this machine runs, with the base image that both sides have in common. */
export interface Side {
  platform: PlatformName
  container: Container
}

/** The same packages on the native platform: whose programs configure the foreign root, and whose order it follows. */
export interface Twin {
  side: Side
  /** The root with the packages installed. */
  container: Container
  order: InstallOrder
}

/** A set of packages to install on a foreign root. */
export interface ForeignInstall {
  platform: PlatformName
  /** The root as it is before. */
  root: Container
  /** The package files, by the names that `packages` gives. */
  debs: Directory
  packages: readonly { name: string; file: string }[]
  /** `auto`, `dpkg.cfg` and the scripts that both roads share. */
  plan: Directory
}

/** Why packages cannot be, or could not be, installed by native programs. */
export class NotAccelerated extends Error {}

const NATIVE = "/native"

/**
 * Installs packages on a foreign root by native programs: unpacked by the native side's dpkg, configured by the root's own dpkg,
 * under which everything that scripts call is the twin's. The result is the same as that of an emulated installation.
 *
 * @throws NotAccelerated when the engine or the twin does not allow it, or when the result is not what it must be
 */
export async function installAccelerated(install: ForeignInstall, twin: Twin): Promise<Container> {
  const { platform, root, debs, packages } = install
  const names = packages.map(({ name }) => name)
  const files = new Map(packages.map(({ name, file }) => [name, file]))
  const plan = install.plan
    .withNewFile(
      "unpack",
      inOrderOf(twin.order.unpack, names)
        .map((name) => `${files.get(name) ?? ""}\n`)
        .join(""),
    )
    .withNewFile("configure", inOrderOf(twin.order.configure, names).join(" "))
  try {
    const interpreter = await probe(twin.side, platform, root)
    const unpacked = twin.side.container
      .withMountedDirectory("/target", root.rootfs())
      .withMountedDirectory("/debs", debs)
      .withMountedDirectory("/plan", plan)
      .withExec(["sh", "-c", script("accelerate/unpack.sh")])
      .directory("/target")
    const lender = twin.container.withExec(["sh", "-c", script("accelerate/twin.sh")])
    const prepared = await lender
      .withMountedDirectory("/target", unpacked)
      .withExec(["sh", "-c", script("accelerate/prepare.sh")])
      .sync()
    const covered = (await prepared.stdout()).split("\n").filter((line) => line !== "")
    const cover = prepared.directory("/accelerate/cover")
    const { triplet } = spelling(twin.side.platform)
    const program = ["/usr/bin/dash", "-c", script("accelerate/configure.sh"), "configure.sh"]
    let foreign = root
      .withRootfs(unpacked)
      .withMountedDirectory(NATIVE, lender.rootfs())
      .withMountedDirectory("/plan", plan)
    // Mounted over, so that nothing of the root changes, not even which names are links to one file.
    for (const path of covered) foreign = foreign.withMountedFile(path, cover.file(path.replaceAll("/", "_")))
    foreign = foreign.withExec([
      ...native(twin.side, interpreter, program),
      interpreter,
      triplet,
      spelling(platform).debian,
    ])
    for (const path of [NATIVE, "/plan", ...covered]) foreign = foreign.withoutMount(path)
    return await foreign.sync()
  } catch (error) {
    if (error instanceof ExecError) throw new NotAccelerated(failureReason(error.stderr), { cause: error })
    throw error
  }
}

/** A program of the native root at {@link NATIVE}, started where neither its loader nor its libraries are in their places. */
function native({ platform }: Side, interpreter: string, [program = "", ...words]: readonly string[]): string[] {
  const libraries = `${NATIVE}/usr/lib/${spelling(platform).triplet}`
  return [`${NATIVE}${interpreter}`, "--library-path", libraries, `${NATIVE}${program}`, ...words]
}

/**
 * Finds out whether the engine can run both platforms' programs in one container: a native one that goes into the foreign root, and
 * in a foreign container a native one that runs a foreign one. That takes a rule of the kernel; an engine that starts foreign
 * programs under an emulator of its own cannot do it.
 *
 * @returns the path at which the native platform's programs look for their loader
 */
async function probe(side: Side, platform: PlatformName, root: Container): Promise<string> {
  try {
    const output = await side.container
      .withMountedDirectory("/target", root.rootfs())
      .withExec(["sh", "-c", script("accelerate/probe.sh")])
      .stdout()
    const interpreter = output.trim()
    await dag
      .container({ platform: asPlatform(platform) })
      .withRootfs(root.rootfs())
      .withMountedDirectory(NATIVE, side.container.rootfs())
      .withExec(native(side, interpreter, ["/usr/bin/dash", "-c", "/bin/true"]))
      .sync()
    return interpreter
  } catch (error) {
    if (!(error instanceof ExecError)) throw error
    const { arch } = spelling(platform)
    throw new NotAccelerated(
      `the engine's kernel has no binfmt_misc rule for ${arch} (${failureReason(error.stderr)}); docker run --privileged --rm tonistiigi/binfmt --install ${arch} adds one`,
      { cause: error },
    )
  }
}
