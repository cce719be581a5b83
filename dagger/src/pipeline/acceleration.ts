import { dag, ExecError, type Container, type Directory } from "@dagger.io/dagger"
import { failureReason, inOrderOf } from "../core/acceleration.js"
import { spelling, type PlatformName } from "../core/platforms.js"
import { asPlatform } from "./platform.js"
import { untimed, type Phase } from "./progress.js"
import { script } from "./script.js"

/** A side of a build whose programs this machine runs, with the base image that both sides have in common. */
export interface Side {
  platform: PlatformName
  container: Container
}

/** The same packages on the native platform: whose programs configure the foreign root, and whose order it follows. */
export interface Twin {
  /** The root with the packages, configured or not: programs run as soon as they are unpacked. */
  container: Container
  /** Names of the packages, as they are configured one after the other. */
  order: readonly string[]
}

/** A set of packages to install on a foreign root. */
export interface ForeignInstall {
  platform: PlatformName
  /** The root as it is before. */
  root: Container
  /** The package files, under the names that `packages` gives them. */
  debs: Directory
  packages: readonly { name: string; file: string }[]
  /** `auto`, `dpkg.cfg` and the scripts that both roads share. */
  plan: Directory
}

/** Why packages cannot be, or could not be, installed by native programs. */
export class NotAccelerated extends Error {}

const NATIVE = "/native"
/** The foreign root as it was unpacked, with the programs that are covered. */
const OWN = "/own"

/**
 * Installs packages on a foreign root by native programs: unpacked by the native side's dpkg, configured by the root's own dpkg,
 * under which everything that scripts call is the twin's. The result is the same as that of an emulated installation.
 *
 * @param twin awaited once the packages are unpacked, which needs nothing of it
 * @returns the root, and the order in which its packages were configured
 * @throws NotAccelerated when the engine or the twin does not allow it, or when the result is not what it must be
 */
export async function installAccelerated(
  side: Side,
  install: ForeignInstall,
  twin: Promise<Twin>,
  phase: Phase = untimed,
): Promise<Twin> {
  const ready = explained(async () => {
    const unpacking = phase("unpack", () => unpack(side, install))
    // An engine that the probe finds unfit cannot unpack either, and says less well why.
    unpacking.catch(() => undefined)
    const interpreter = await phase("probe", () => probe(side, install.platform, install.root))
    return { interpreter, unpacked: await unpacking }
  })
  const lending = twin.then(async ({ container, order }) => ({
    order,
    lender: await phase("lend", () => explained(() => lend(container))),
  }))
  const [{ interpreter, unpacked }, { lender, order }] = await Promise.all([ready, lending])
  return explained(async () => {
    const prepared = await phase("prepare", () => prepare(lender, unpacked))
    return phase("configure", () => configure(side, install, unpacked, interpreter, { lender, prepared, order }))
  })
}

/** What a program of ours says in failing is why there is no acceleration. The twin's own failures are none of it. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ExecError) throw new NotAccelerated(failureReason(error.stderr), { cause: error })
    throw error
  }
}

/** The foreign root with all packages unpacked and none configured. */
function unpack(side: Side, { platform, root, debs, packages, plan }: ForeignInstall): Promise<Directory> {
  const files = packages.map(({ name, file }) => `${name} ${file}\n`).join("")
  return side.container
    .withMountedDirectory("/target", root.rootfs())
    .withMountedDirectory("/debs", debs)
    .withMountedDirectory("/plan", plan.withNewFile("files", files))
    .withExec(["sh", "-c", script("accelerate/unpack.sh"), "unpack.sh", spelling(platform).debian])
    .directory("/target")
    .sync()
}

/** The twin with what a foreign root borrows from it. */
function lend(twin: Container): Promise<Container> {
  return twin.withExec(["sh", "-c", script("accelerate/twin.sh")]).sync()
}

/** Finds out which of the foreign root's files are to be covered, and with what. */
function prepare(lender: Container, unpacked: Directory): Promise<Container> {
  return lender
    .withMountedDirectory("/target", unpacked)
    .withExec(["sh", "-c", script("accelerate/prepare.sh")])
    .sync()
}

/** The twin's side of a configuration. */
interface Lent {
  lender: Container
  prepared: Container
  order: readonly string[]
}

async function configure(
  side: Side,
  { platform, root, packages, plan }: ForeignInstall,
  unpacked: Directory,
  interpreter: string,
  { lender, prepared, order: twinsOrder }: Lent,
): Promise<Twin> {
  const order = inOrderOf(
    twinsOrder,
    packages.map(({ name }) => name),
  )
  const covered = (await prepared.stdout()).split("\n").filter((line) => line !== "")
  const cover = prepared.directory("/accelerate/cover")
  const program = ["/usr/bin/dash", "-c", script("accelerate/configure.sh"), "configure.sh"]
  let foreign = root
    .withRootfs(unpacked)
    .withMountedDirectory(NATIVE, lender.rootfs())
    .withMountedDirectory(OWN, unpacked)
    .withMountedDirectory("/plan", plan.withNewFile("configure", order.join(" ")))
  // Mounted over, so that nothing of the root changes, not even which names are links to one file.
  for (const path of covered) foreign = foreign.withMountedFile(path, cover.file(path.replaceAll("/", "_")))
  foreign = foreign.withExec([
    ...native(side, interpreter, program),
    interpreter,
    spelling(side.platform).triplet,
    spelling(platform).debian,
  ])
  for (const path of [NATIVE, OWN, "/plan", ...covered]) foreign = foreign.withoutMount(path)
  return { container: await foreign.sync(), order }
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
