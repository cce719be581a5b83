import { dag, ExecError, type Container, type Directory } from "@dagger.io/dagger"
import { failureReason, inOrderOf } from "../../core/packages/install-method.js"
import { spelling, type PlatformName } from "../../core/platforms.js"
import { asPlatform } from "../engine/platform.js"
import { untimed, type Phase } from "../../core/progress/progress.js"
import { script } from "../engine/script.js"
import type { Uploads } from "../engine/uploads.js"

/** The native platform of a build, with the base image that both platforms share. */
export interface EngineHostRoot {
  platform: PlatformName
  container: Container
  uploads: Uploads
}

/** The same packages on the native platform: its programs configure the foreign root, in the order that it used. */
export interface NativeToolsRoot {
  /** The root with the packages, configured or not: programs run as soon as they are unpacked. */
  container: Container
  /** Names of the packages, in the order of their configuration. */
  order: readonly string[]
}

/** A set of packages to install on a foreign root. */
export interface ForeignInstall {
  platform: PlatformName
  /** The root before the installation. */
  root: Container
  /** The package files, by their names in `packages`. */
  debs: Directory
  packages: readonly { name: string; file: string }[]
  /** `auto`, `dpkg.cfg` and the scripts that all install methods share. */
  plan: Readonly<Record<string, string>>
  uploads: Uploads
}

/** Why packages cannot be, or could not be, installed with native binaries. */
export class NotAccelerated extends Error {}

const NATIVE = "/native"
/** The foreign root before the installation, with the programs that are covered later. */
const OWN = "/own"

/** The native tools root, before and after its packages are unpacked. */
export interface NativeToolsInstall {
  /** The native root before the installation. */
  root: Container
  unpacked: Promise<NativeToolsRoot>
}

/**
 * Installs packages on a foreign root: its own dpkg configures them, and everything else that scripts call comes from the native tools
 * root. The result is the same as that of an emulated installation.
 *
 * @param nativeTools awaited once the packages are unpacked, which does not need it
 * @returns the root, and the order in which its packages were configured
 * @throws NotAccelerated when the engine or the native tools root does not allow it, or when the result is not as required
 */
export async function installAccelerated(
  engineHost: EngineHostRoot,
  given: ForeignInstall,
  nativeTools: NativeToolsInstall,
  phase: Phase = untimed,
): Promise<NativeToolsRoot> {
  const files = given.packages.map(({ name, file }) => `${name} ${file}\n`).join("")
  const { uploads } = given
  const install = {
    ...given,
    plan: { ...given.plan, files, "use-native-tools.sh": script("accelerate/use-native-tools.sh") },
  }
  const ready = explained(async () => {
    const preparing = phase("prepare to unpack", () =>
      prepare(uploads, withNativeTools(uploads, nativeTools.root), install.root.rootfs(), {
        files,
        debs: install.debs,
      }),
    )
    // An engine that fails the probe also fails here, but with a worse message.
    preparing.catch(() => undefined)
    const interpreter = await phase("probe", () => probe(engineHost, install.platform, install.root))
    const preparedTools = { ...(await preparing), interpreter }
    return { interpreter, unpacked: await phase("unpack", () => unpack(engineHost, install, preparedTools).sync()) }
  })
  const toolsReady = nativeTools.unpacked.then(async ({ container, order }) => ({
    order,
    tools: await phase("native tools", () => explained(() => withNativeTools(uploads, container).sync())),
  }))
  const [{ interpreter, unpacked }, { tools, order: nativeToolsOrder }] = await Promise.all([ready, toolsReady])
  return explained(async () => {
    const prepared = await phase("prepare", () => prepare(uploads, tools, unpacked.rootfs()))
    const names = install.packages.map(({ name }) => name)
    const order = inOrderOf(nativeToolsOrder, names)
    const configured = configure(engineHost, { ...install, root: unpacked }, { ...prepared, interpreter }, order)
    return { container: await phase("configure", () => configured.sync()), order }
  })
}

/** Turns a failure of our scripts into the reason for not accelerating. Other failures, such as the native tools root's own, stay. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ExecError) throw new NotAccelerated(failureReason(error.stderr), { cause: error })
    throw error
  }
}

/** A native root with the tools that a foreign root uses. */
function withNativeTools(uploads: Uploads, root: Container): Container {
  return root
    .withMountedDirectory("/plan", uploads.directory({ "native-tools.sh": script("accelerate/native-tools.sh") }))
    .withExec(["sh", "/plan/native-tools.sh"])
    .withoutMount("/plan")
}

/** The tools that a foreign root uses, and where they come from. */
interface PreparedTools {
  tools: Container
  /** Files of the foreign root over which native tools are mounted. */
  covered: readonly string[]
  /** The files that are mounted over them. */
  cover: Directory
}

/** Finds the files of the foreign root that must be covered. */
async function prepare(
  uploads: Uploads,
  tools: Container,
  target: Directory,
  pending?: { files: string; debs: Directory },
): Promise<PreparedTools> {
  const plan = { "prepare.sh": script("accelerate/prepare.sh"), ...(pending ? { files: pending.files } : {}) }
  const mounted = tools.withMountedDirectory("/target", target).withMountedDirectory("/plan", uploads.directory(plan))
  const prepared = await (pending ? mounted.withMountedDirectory("/debs", pending.debs) : mounted)
    .withExec(["sh", "/plan/prepare.sh"])
    .sync()
  const covered = (await prepared.stdout()).split("\n").filter((line) => line !== "")
  return { tools, covered, cover: prepared.directory("/accelerate/cover") }
}

/** The foreign root with all packages unpacked and none configured. */
function unpack(
  engineHost: EngineHostRoot,
  install: ForeignInstall,
  preparedTools: PreparedTools & { interpreter: string },
) {
  const { root, debs } = install
  const mounted = root.withMountedDirectory(OWN, root.rootfs()).withMountedDirectory("/debs", debs)
  return preparing(engineHost, install, mounted, preparedTools, "unpack.sh").withoutMount(OWN).withoutMount("/debs")
}

function configure(
  engineHost: EngineHostRoot,
  { plan, ...install }: ForeignInstall,
  preparedTools: PreparedTools & { interpreter: string },
  order: readonly string[],
): Container {
  const mounted = install.root
    .withMountedDirectory(OWN, install.root.rootfs())
    .withMountedDirectory("/debs", install.debs)
  const ordered = { ...install, plan: { ...plan, configure: order.join(" ") } }
  return preparing(engineHost, ordered, mounted, preparedTools, "configure.sh").withoutMount(OWN).withoutMount("/debs")
}

/** Runs a script in a foreign root with the native tools root's shell. */
function preparing(
  engineHost: EngineHostRoot,
  { platform, plan, uploads }: ForeignInstall,
  root: Container,
  { tools, covered, cover, interpreter }: PreparedTools & { interpreter: string },
  name: string,
): Container {
  let foreign = root
    .withMountedDirectory(NATIVE, tools.rootfs())
    .withMountedDirectory("/plan", uploads.directory({ ...plan, [name]: script(`accelerate/${name}`) }))
  // With mounts, so that the root itself does not change, not even its hard links.
  for (const path of covered) foreign = foreign.withMountedFile(path, cover.file(path.replaceAll("/", "_")))
  foreign = foreign.withExec([
    ...native(engineHost, interpreter, ["/usr/bin/dash", `/plan/${name}`]),
    interpreter,
    spelling(engineHost.platform).triplet,
    spelling(platform).debian,
  ])
  return [NATIVE, "/plan", ...covered].reduce((made, path) => made.withoutMount(path), foreign)
}

/** The command for a program of the native root at {@link NATIVE}, whose loader and libraries are not at their usual paths. */
function native(
  { platform }: EngineHostRoot,
  interpreter: string,
  [program = "", ...words]: readonly string[],
): string[] {
  const libraries = `${NATIVE}/usr/lib/${spelling(platform).triplet}`
  return [`${NATIVE}${interpreter}`, "--library-path", libraries, `${NATIVE}${program}`, ...words]
}

/**
 * Checks that the engine can run both platforms' programs in one container: a native program that enters the foreign root, and, in a
 * foreign container, a native program that runs a foreign one. That needs a rule in the kernel; an engine that starts foreign programs
 * under its own emulator cannot do it.
 *
 * @returns the path at which the native platform's programs look for their loader
 */
async function probe(engineHost: EngineHostRoot, platform: PlatformName, root: Container): Promise<string> {
  try {
    const output = await engineHost.container
      .withMountedDirectory("/target", root.rootfs())
      .withMountedDirectory("/plan", engineHost.uploads.directory({ "probe.sh": script("accelerate/probe.sh") }))
      .withExec(["sh", "/plan/probe.sh"])
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
