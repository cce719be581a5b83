import { dag, ExecError, type Container, type Directory } from "@dagger.io/dagger"
import { failureReason, inOrderOf } from "../../core/packages/install-method.js"
import { spelling, type PlatformName } from "../../core/platforms.js"
import { asPlatform } from "../engine/platform.js"
import { untimed, type Phase } from "../../core/progress/progress.js"
import { script } from "../engine/script.js"

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
/** The foreign root as it was before, with the programs that are covered. */
const OWN = "/own"

/** How a twin comes about: what the foreign root borrows from while its packages are unpacked, and then. */
export interface TwinInstall {
  /** The native root as it is before. */
  root: Container
  unpacked: Promise<Twin>
}

/**
 * Installs packages on a foreign root: its own dpkg configures them, and everything else that scripts call is the twin's. The result is
 * the same as that of an emulated installation.
 *
 * @param twin awaited once the packages are unpacked, which needs nothing of it
 * @returns the root, and the order in which its packages were configured
 * @throws NotAccelerated when the engine or the twin does not allow it, or when the result is not what it must be
 */
export async function installAccelerated(
  side: Side,
  given: ForeignInstall,
  twin: TwinInstall,
  phase: Phase = untimed,
): Promise<Twin> {
  const files = given.packages.map(({ name, file }) => `${name} ${file}\n`).join("")
  const install = { ...given, plan: given.plan.withNewFile("borrow.sh", script("accelerate/borrow.sh")) }
  const ready = explained(async () => {
    const borrowing = phase("prepare to unpack", () =>
      prepare(lend(twin.root), install.root.rootfs(), {
        ...install,
        plan: install.plan.withNewFile("files", files),
      }),
    )
    // An engine that the probe finds unfit cannot do this either, and says less well why.
    borrowing.catch(() => undefined)
    const interpreter = await phase("probe", () => probe(side, install.platform, install.root))
    const borrowed = { ...(await borrowing), interpreter }
    return { interpreter, unpacked: await phase("unpack", () => unpack(side, install, borrowed).sync()) }
  })
  const lending = twin.unpacked.then(async ({ container, order }) => ({
    order,
    lender: await phase("lend", () => explained(() => lend(container).sync())),
  }))
  const [{ interpreter, unpacked }, { lender, order: twinsOrder }] = await Promise.all([ready, lending])
  return explained(async () => {
    const prepared = await phase("prepare", () => prepare(lender, unpacked.rootfs(), { plan: install.plan }))
    const names = install.packages.map(({ name }) => name)
    const order = inOrderOf(twinsOrder, names)
    const configured = configure(side, { ...install, root: unpacked }, { ...prepared, interpreter }, order)
    return { container: await phase("configure", () => configured.sync()), order }
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

/** A native root with what a foreign one borrows from it. */
function lend(root: Container): Container {
  return root.withExec(["sh", "-c", script("accelerate/twin.sh")])
}

/** What a foreign root borrows, and from where. */
interface Borrowed {
  lender: Container
  /** Files of the foreign root that something of the lender's is mounted over. */
  covered: readonly string[]
  /** What is mounted over them. */
  cover: Directory
  plan: Directory
}

/** Finds out which of the foreign root's files are to be covered. */
async function prepare(
  lender: Container,
  target: Directory,
  { plan, debs }: { plan: Directory; debs?: Directory },
): Promise<Borrowed> {
  const mounted = lender.withMountedDirectory("/target", target).withMountedDirectory("/plan", plan)
  const prepared = await (debs ? mounted.withMountedDirectory("/debs", debs) : mounted)
    .withExec(["sh", "-c", script("accelerate/prepare.sh")])
    .sync()
  const covered = (await prepared.stdout()).split("\n").filter((line) => line !== "")
  return { lender, covered, cover: prepared.directory("/accelerate/cover"), plan }
}

/** The foreign root with all packages unpacked and none configured. */
function unpack(side: Side, { platform, root, debs }: ForeignInstall, borrowed: Borrowed & { interpreter: string }) {
  const mounted = root.withMountedDirectory(OWN, root.rootfs()).withMountedDirectory("/debs", debs)
  return borrowing(side, platform, mounted, borrowed, "unpack.sh").withoutMount(OWN).withoutMount("/debs")
}

function configure(
  side: Side,
  { platform, root }: ForeignInstall,
  borrowed: Borrowed & { interpreter: string },
  order: readonly string[],
): Container {
  const plan = borrowed.plan.withNewFile("configure", order.join(" "))
  const mounted = root.withMountedDirectory(OWN, root.rootfs())
  return borrowing(side, platform, mounted, { ...borrowed, plan }, "configure.sh").withoutMount(OWN)
}

/** Runs a script in a foreign root by the lender's shell. */
function borrowing(
  side: Side,
  platform: PlatformName,
  root: Container,
  { lender, covered, cover, plan, interpreter }: Borrowed & { interpreter: string },
  name: string,
): Container {
  let foreign = root.withMountedDirectory(NATIVE, lender.rootfs()).withMountedDirectory("/plan", plan)
  // Mounted over, so that nothing of the root changes, not even which names are links to one file.
  for (const path of covered) foreign = foreign.withMountedFile(path, cover.file(path.replaceAll("/", "_")))
  foreign = foreign.withExec([
    ...native(side, interpreter, ["/usr/bin/dash", "-c", script(`accelerate/${name}`), name]),
    interpreter,
    spelling(side.platform).triplet,
    spelling(platform).debian,
  ])
  return [NATIVE, "/plan", ...covered].reduce((made, path) => made.withoutMount(path), foreign)
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
