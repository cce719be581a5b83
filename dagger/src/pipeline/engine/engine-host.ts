import { dag, type Container, type File } from "@dagger.io/dagger"
import { archiveCacheBuster } from "../../core/packages/cache-buster.js"
import { aptSourcesOf, DEFAULT_BASE, type BaseName } from "../../core/variants/bases.js"
import { RunnerImagesError } from "../../core/errors.js"
import { parsePrintUris } from "../../core/packages/resolved-packages.js"
import { parsePlatforms, type PlatformName } from "../../core/platforms.js"
import { recordedDigest } from "./base-digests.js"
import { LISTS, readArchive, withPackageFiles, type Archive } from "./package-archive.js"
import { asPlatform } from "./platform.js"
import { rememberIds } from "./remembered-ids.js"
import { scripts } from "./script.js"
import type { Uploads } from "./uploads.js"

const TRUST_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

/** Programs that build steps run natively. They never get into an image. */
const TOOLBOX_PACKAGES = [
  ...[
    "attr",
    "ca-certificates",
    "curl",
    "libdeflate-tools",
    "locales",
    "nodejs",
    "npm",
    "python3",
    "skopeo",
    "unzip",
    "xz-utils",
    "zstd",
  ],
]

/** The engine's own platform, whose programs run without emulation. */
export interface EngineHost {
  platform: PlatformName
  /** The base image by digest, the same index for every platform. */
  base: string
  /** The base image for a platform, on which its packages are installed. */
  root: (platform: PlatformName) => Container
  /** The base image for the engine's platform, with the trust bundle mounted. */
  container: Container
  /** The package archive as the host found it, which the toolbox is of. */
  archive: Archive
  /** {@link container} with curl, Node.js, npm, Python, skopeo, compressors, getfattr and the sources of locales. */
  toolbox: Container
  /** {@link toolbox} with programs of `dagger/scripts/` at /plan: the same container for the same programs, because the client asks for each mount again. */
  toolboxWith: (...programs: string[]) => Container
  /** Brings files of the running program into build steps. */
  uploads: Uploads
}

/** The platform whose programs the engine runs without emulation. */
export async function enginePlatform(): Promise<PlatformName> {
  const [platform] = parsePlatforms([await dag.defaultPlatform()])
  if (!platform)
    throw new RunnerImagesError("ENGINE_UNAVAILABLE", "The engine does not report a platform.", "Use another engine.")
  return platform
}

interface NativeOptions {
  /** The text of the certificate authorities that native steps trust. */
  caBundle?: string | undefined
  /** The tag; defaults to {@link DEFAULT_BASE}. */
  base?: BaseName | undefined
  /** The digest that the base must have, as in a lock. */
  digest?: string | undefined
  /** The cache key for the package archive, see archiveCacheBuster; defaults to today. */
  archive?: string | undefined
  cacheBuster?: string | undefined
}

/**
 * Finds the engine's platform and pins the base image: to the requested digest, else to the recorded one, else to the one that its tag
 * points to now.
 *
 * @param cacheBuster reruns every step that starts from the result; without it, the engine answers from its cache
 * @throws RunnerImagesError ENGINE_UNAVAILABLE when the engine reports no platform, LOCK_INVALID or ENGINE_STATE when it lacks the
 *   requested or the recorded base
 */
export async function openEngineHost(
  uploads: Uploads,
  { caBundle, base: name = DEFAULT_BASE, digest, archive = archiveCacheBuster(false), cacheBuster }: NativeOptions = {},
): Promise<EngineHost> {
  rememberIds(uploads.folder)
  const platform = await enginePlatform()
  const base = await pinned(name, digest, platform)
  const root = (of: PlatformName) =>
    withCacheBuster(dag.container({ platform: asPlatform(of) }).from(base), cacheBuster)
  const bundle = caBundle === undefined ? undefined : uploads.file("ca-certificates.crt", caBundle)
  // Not the base image itself: v0.19.10 crashes if a step's root and a file that is mounted into it are of one image.
  const container = trusting(withAptSources(root(platform).withNewFile("/native", ""), name), bundle)
  const packageArchive = await readArchive({ container, uploads }, archive)
  const toolboxes = new Map<string, Container>()
  const host: EngineHost = {
    platform,
    base,
    root,
    container,
    archive: packageArchive,
    // The bundle is only mounted afterwards, because installing ca-certificates writes to the path that the mount would cover.
    toolbox: trusting(await withPackages(root(platform), { container, uploads, archive: packageArchive }), bundle),
    uploads,
    toolboxWith: (...programs) => {
      const name = programs.join(" ")
      const known = toolboxes.get(name)
      if (known) return known
      const made = host.toolbox.withMountedDirectory("/plan", uploads.directory(scripts(programs)))
      toolboxes.set(name, made)
      return made
    },
  }
  return host
}

/**
 * A native root with the programs of the toolbox. Its cache key is their package files, not the day on which the archive was queried: the
 * steps that run in it make the images' tools, and would all run again each morning.
 */
async function withPackages(
  root: Container,
  native: Pick<EngineHost, "container" | "uploads" | "archive">,
): Promise<Container> {
  const { container, uploads, archive } = native
  const resolved = await container
    .withMountedDirectory(LISTS, archive.lists)
    .withMountedDirectory("/plan", uploads.directory(scripts(["resolve.sh"])))
    .withExec(["sh", "/plan/resolve.sh", ...TOOLBOX_PACKAGES])
    .stdout()
  return root
    .withEnvVariable("DEBIAN_FRONTEND", "noninteractive")
    .withMountedDirectory("/debs", withPackageFiles(native, parsePrintUris(resolved)).directory("/debs"))
    .withExec([
      "sh",
      "-c",
      "apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-unsafe-io /debs/*.deb >/dev/null",
    ])
    .withoutMount("/debs")
    .withoutEnvVariable("DEBIAN_FRONTEND")
}

/**
 * @throws RunnerImagesError LOCK_INVALID when there is no image with the requested digest; ENGINE_STATE when the engine lacks the
 *   recorded one
 */
async function pinned(name: BaseName, asked: string | undefined, platform: PlatformName): Promise<string> {
  const empty = dag.container({ platform: asPlatform(platform) })
  const recorded = recordedDigest(name)
  const digest = asked ?? recorded
  if (digest === undefined) return empty.from(name).imageRef()
  try {
    return await empty.from(`${name}@${digest}`).imageRef()
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    if (digest !== recorded) {
      if (!/not found|manifest unknown/i.test(said)) throw cause
      throw new RunnerImagesError(
        "LOCK_INVALID",
        `The base image of the lock cannot be found: ${name}@${digest}.`,
        "Build without --lock to use the newest base, or push that image to the registry that the engine pulls from.",
        { cause },
      )
    }
    throw new RunnerImagesError(
      "ENGINE_STATE",
      `The bare engine no longer has the base image ${name}@${digest} that it recorded: ${said}`,
      "No other image is used instead. Run engine down, then engine up, which restores it.",
      { cause },
    )
  }
}

/**
 * The same container, but all following steps run instead of coming from the engine's cache.
 *
 * @param cacheBuster the cache key; the same value is answered from the cache
 */
export function withCacheBuster(container: Container, cacheBuster: string | undefined): Container {
  if (cacheBuster === undefined) return container
  // The cache identifies a step by the history of its container. The variable does not remain in an image.
  return container.withEnvVariable("CACHE_BUSTER", cacheBuster).withoutEnvVariable("CACHE_BUSTER")
}

/** A native container whose apt finds the packages of every platform. */
function withAptSources(container: Container, base: BaseName): Container {
  const sources = aptSourcesOf(base)
  return sources ? container.withNewFile(sources.path, sources.text) : container
}

/** Native steps trust the same authorities as the running program. A mount, so that they can never end up in a layer. */
function trusting(container: Container, caBundle: File | undefined): Container {
  if (!caBundle) return container
  return container
    .withMountedFile(TRUST_BUNDLE, caBundle)
    .withEnvVariable("SSL_CERT_FILE", TRUST_BUNDLE)
    .withEnvVariable("NODE_EXTRA_CA_CERTS", TRUST_BUNDLE)
}
