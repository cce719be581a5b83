import { dag, ExecError, type Container, type Directory } from "@dagger.io/dagger"
import { failureReason, inOrderOf } from "../../core/packages/install-method.js"
import { spelling, type PlatformName } from "../../core/platforms.js"
import { asPlatform } from "../engine/platform.js"
import { untimed, type Phase } from "../../core/progress/progress.js"
import { script } from "../engine/script.js"

/** A side of a build whose programs this machine runs, with the base image that both sides have in common. */
export interface EngineHostRoot {
  platform: PlatformName
  container: Container
}

/** The same packages on the native platform: whose programs configure the foreign root, and whose order it follows. */
export interface NativeToolsRoot {
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
  /** `auto`, `dpkg.cfg` and the scripts that all install methods share. */
  plan: Directory
}

/** Why packages cannot be, or could not be, installed by native programs. */
export class NotAccelerated extends Error {}

const NATIVE = "/native"
/** The foreign root as it was before, with the programs that are covered. */
const OWN = "/own"

/** How the native tools root comes about: as it is while packages are unpacked, and after that. */
export interface NativeToolsInstall {
  /** The native root as it is before. */
  root: Container
  unpacked: Promise<NativeToolsRoot>
}

/**
 * Installs packages on a foreign root: its own dpkg configures them, and everything else that scripts call comes from the native tools root. The result is
 * the same as that of an emulated installation.
 *
 * @param nativeTools awaited once the packages are unpacked, which needs nothing of it
 * @returns the root, and the order in which its packages were configured
 * @throws NotAccelerated when the engine or the native tools root does not allow it, or when the result is not what it must be
 */
export async function installAccelerated(
  engineHost: EngineHostRoot,
  given: ForeignInstall,
  nativeTools: NativeToolsInstall,
  phase: Phase = untimed,
): Promise<NativeToolsRoot> {
  const files = given.packages.map(({ name, file }) => `${name} ${file}\n`).join("")
  const install = {
    ...given,
    plan: given.plan.withNewFile("use-native-tools.sh", script("accelerate/use-native-tools.sh")),
  }
  const ready = explained(async () => {
    const preparing = phase("prepare to unpack", () =>
      prepare(withNativeTools(nativeTools.root), install.root.rootfs(), {
        ...install,
        plan: install.plan.withNewFile("files", files),
      }),
    )
    // An engine that the probe finds unfit cannot do this either, and says less well why.
    preparing.catch(() => undefined)
    const interpreter = await phase("probe", () => probe(engineHost, install.platform, install.root))
    const preparedTools = { ...(await preparing), interpreter }
    return { interpreter, unpacked: await phase("unpack", () => unpack(engineHost, install, preparedTools).sync()) }
  })
  const toolsReady = nativeTools.unpacked.then(async ({ container, order }) => ({
    order,
    tools: await phase("native tools", () => explained(() => withNativeTools(container).sync())),
  }))
  const [{ interpreter, unpacked }, { tools, order: nativeToolsOrder }] = await Promise.all([ready, toolsReady])
  return explained(async () => {
    const prepared = await phase("prepare", () => prepare(tools, unpacked.rootfs(), { plan: install.plan }))
    const names = install.packages.map(({ name }) => name)
    const order = inOrderOf(nativeToolsOrder, names)
    const configured = configure(engineHost, { ...install, root: unpacked }, { ...prepared, interpreter }, order)
    return { container: await phase("configure", () => configured.sync()), order }
  })
}

/** What a program of ours says in failing is why there is no acceleration. Failures of the native tools root itself are not. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ExecError) throw new NotAccelerated(failureReason(error.stderr), { cause: error })
    throw error
  }
}

/** A native root with the tools that a foreign one uses. */
function withNativeTools(root: Container): Container {
  return root.withExec(["sh", "-c", script("accelerate/native-tools.sh")])
}

/** The tools that a foreign root uses, and where they come from. */
interface PreparedTools {
  tools: Container
  /** Files of the foreign root that a native tool is mounted over. */
  covered: readonly string[]
  /** What is mounted over them. */
  cover: Directory
  plan: Directory
}

/** Finds out which of the foreign root's files are to be covered. */
async function prepare(
  tools: Container,
  target: Directory,
  { plan, debs }: { plan: Directory; debs?: Directory },
): Promise<PreparedTools> {
  const mounted = tools.withMountedDirectory("/target", target).withMountedDirectory("/plan", plan)
  const prepared = await (debs ? mounted.withMountedDirectory("/debs", debs) : mounted)
    .withExec(["sh", "-c", script("accelerate/prepare.sh")])
    .sync()
  const covered = (await prepared.stdout()).split("\n").filter((line) => line !== "")
  return { tools, covered, cover: prepared.directory("/accelerate/cover"), plan }
}

/** The foreign root with all packages unpacked and none configured. */
function unpack(
  engineHost: EngineHostRoot,
  { platform, root, debs }: ForeignInstall,
  preparedTools: PreparedTools & { interpreter: string },
) {
  const mounted = root.withMountedDirectory(OWN, root.rootfs()).withMountedDirectory("/debs", debs)
  return preparing(engineHost, platform, mounted, preparedTools, "unpack.sh").withoutMount(OWN).withoutMount("/debs")
}

function configure(
  engineHost: EngineHostRoot,
  { platform, root }: ForeignInstall,
  preparedTools: PreparedTools & { interpreter: string },
  order: readonly string[],
): Container {
  const plan = preparedTools.plan.withNewFile("configure", order.join(" "))
  const mounted = root.withMountedDirectory(OWN, root.rootfs())
  return preparing(engineHost, platform, mounted, { ...preparedTools, plan }, "configure.sh").withoutMount(OWN)
}

/** Runs a script in a foreign root by the native tools root's shell. */
function preparing(
  engineHost: EngineHostRoot,
  platform: PlatformName,
  root: Container,
  { tools, covered, cover, plan, interpreter }: PreparedTools & { interpreter: string },
  name: string,
): Container {
  let foreign = root.withMountedDirectory(NATIVE, tools.rootfs()).withMountedDirectory("/plan", plan)
  // Mounted over, so that nothing of the root changes, not even which names are links to one file.
  for (const path of covered) foreign = foreign.withMountedFile(path, cover.file(path.replaceAll("/", "_")))
  foreign = foreign.withExec([
    ...native(engineHost, interpreter, ["/usr/bin/dash", "-c", script(`accelerate/${name}`), name]),
    interpreter,
    spelling(engineHost.platform).triplet,
    spelling(platform).debian,
  ])
  return [NATIVE, "/plan", ...covered].reduce((made, path) => made.withoutMount(path), foreign)
}

/** A program of the native root at {@link NATIVE}, started where neither its loader nor its libraries are in their places. */
function native(
  { platform }: EngineHostRoot,
  interpreter: string,
  [program = "", ...words]: readonly string[],
): string[] {
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
async function probe(engineHost: EngineHostRoot, platform: PlatformName, root: Container): Promise<string> {
  try {
    const output = await engineHost.container
      .withMountedDirectory("/target", root.rootfs())
      .withExec(["sh", "-c", script("accelerate/probe.sh")])
      .stdout()
    const interpreter = output.trim()
    await dag
      .container({ platform: asPlatform(platform) })
      .withRootfs(root.rootfs())
      .withMountedDirectory(NATIVE, engineHost.container.rootfs())
      .withExec(native(engineHost, interpreter, ["/usr/bin/dash", "-c", "/bin/true"]))
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
