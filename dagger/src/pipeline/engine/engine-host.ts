import { dag, type Container, type File } from "@dagger.io/dagger"
import { archiveCacheBuster } from "../../core/packages/cache-buster.js"
import { aptSourcesOf, DEFAULT_BASE, type BaseName } from "../../core/variants/bases.js"
import { RunnerImagesError } from "../../core/errors.js"
import { parsePlatforms, type PlatformName } from "../../core/platforms.js"
import { recordedDigest } from "./base-digests.js"
import { asPlatform } from "./platform.js"

const TRUST_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

/** Programs that build steps run natively. They never get into an image. */
const TOOLBOX_PACKAGES = ["attr", "ca-certificates", "curl", "nodejs", "npm", "skopeo", "unzip", "xz-utils", "zstd"]

/** The engine's own side of a build: what runs without emulation. */
export interface EngineHost {
  platform: PlatformName
  /** The base image by digest, the same index for every platform. */
  base: string
  /** The base image for a platform: what its packages are installed on. */
  root: (platform: PlatformName) => Container
  /** The base image for the engine's platform, with the trust bundle mounted. */
  container: Container
  /** {@link container} with curl, Node.js, npm, skopeo, unpackers and getfattr. */
  toolbox: Container
}

/** The platform whose programs the engine runs without emulation. */
export async function enginePlatform(): Promise<PlatformName> {
  const [platform] = parsePlatforms([await dag.defaultPlatform()])
  if (!platform) throw new RunnerImagesError("ENGINE_UNAVAILABLE", "The engine has no platform.", "Use another engine.")
  return platform
}

interface NativeOptions {
  /** The tag; the default one when omitted. */
  base?: BaseName | undefined
  /** The digest that the base has to have, as in a lock. */
  digest?: string | undefined
  /** Of which moment the package archive's answers are, see archiveCacheBuster; today's when omitted. */
  archive?: string | undefined
  cacheBuster?: string | undefined
}

/**
 * Finds the engine's platform and pins the base image: to the digest that is asked for, else to the one that was recorded for it, else to
 * the one that its tag has now.
 *
 * @param cacheBuster makes every step new that starts from what is returned; without it, the engine answers from its cache
 * @throws RunnerImagesError ENGINE_UNAVAILABLE when the engine has no platform, LOCK_INVALID or ENGINE_STATE
 *   when it lacks the base that is asked for, or the recorded one
 */
export async function openEngineHost(
  caBundle: File | undefined,
  { base: name = DEFAULT_BASE, digest, archive = archiveCacheBuster(false), cacheBuster }: NativeOptions = {},
): Promise<EngineHost> {
  const platform = await enginePlatform()
  const base = await pinned(name, digest, platform)
  const root = (of: PlatformName) =>
    withCacheBuster(dag.container({ platform: asPlatform(of) }).from(base), cacheBuster)
  const container = trusting(withAptSources(root(platform), name), caBundle)
  return {
    platform,
    base,
    root,
    container,
    // The bundle is mounted again: installing ca-certificates writes the file that the mount hides.
    toolbox: trusting(
      root(platform)
        .withEnvVariable("DEBIAN_FRONTEND", "noninteractive")
        .withEnvVariable("ARCHIVE_MOMENT", archive)
        .withExec([
          "sh",
          "-c",
          `apt-get update -qq && apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-unsafe-io ${TOOLBOX_PACKAGES.join(" ")} >/dev/null`,
        ])
        .withoutEnvVariable("ARCHIVE_MOMENT")
        .withoutEnvVariable("DEBIAN_FRONTEND"),
      caBundle,
    ),
  }
}

/**
 * @throws RunnerImagesError LOCK_INVALID when there is no image of the digest that is asked for; ENGINE_STATE when the engine lacks the
 *   one that was recorded
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
        `The base image of the lock is not to be had: ${name}@${digest}.`,
        "Build without --lock for the newest base, or put that image where the engine pulls from.",
        { cause },
      )
    }
    throw new RunnerImagesError(
      "ENGINE_STATE",
      `The bare engine does not give the base image ${name}@${digest} that it recorded: ${said}`,
      "Nothing else is taken in its place. Run engine down, then engine up, which puts it there again.",
      { cause },
    )
  }
}

/**
 * The same container for whom all steps that follow are new: they are done, whatever the engine remembers.
 *
 * @param cacheBuster what makes them new; the same value is answered from the cache
 */
export function withCacheBuster(container: Container, cacheBuster: string | undefined): Container {
  if (cacheBuster === undefined) return container
  // Steps are known by how their container came about. Nothing of it remains in an image.
  return container.withEnvVariable("MADE_ANEW", cacheBuster).withoutEnvVariable("MADE_ANEW")
}

/** A native container whose apt finds the packages of every platform. */
function withAptSources(container: Container, base: BaseName): Container {
  const sources = aptSourcesOf(base)
  return sources ? container.withNewFile(sources.path, sources.text) : container
}

/** Native steps trust what the running program trusts. A mount, so that it can never end up in a layer. */
function trusting(container: Container, caBundle: File | undefined): Container {
  if (!caBundle) return container
  return container
    .withMountedFile(TRUST_BUNDLE, caBundle)
    .withEnvVariable("SSL_CERT_FILE", TRUST_BUNDLE)
    .withEnvVariable("NODE_EXTRA_CA_CERTS", TRUST_BUNDLE)
}
