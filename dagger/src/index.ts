/**
 * GitHub Actions runner images for linux/amd64 and linux/arm64: one pipeline builds every variant, runs smoke tests
 * inside the built containers and publishes one multi-platform image.
 *
 * Try `dagger call build --platforms linux/amd64,linux/arm64 export --path dist`.
 */
import { argument, dag, func, object, Container, Directory, File, Platform, Secret, Service } from "@dagger.io/dagger"
import { getTracer } from "@dagger.io/dagger/telemetry"
import { assertComparable, assertImageParity } from "./core/parity/image-parity.js"
import { assertParity, parseAgainst, parsePackages } from "./core/parity/emulation-parity.js"
import { composeRequest, composeVariants, type DefinitionFile, type GivenBuild } from "./core/plan/compose-request.js"
import type { CheckResult } from "./core/report/report.js"
import { indexOf, type LayoutReader } from "./core/oci/layout.js"
import { rebuildOf } from "./core/reproduce/original.js"
import { assertReproduced } from "./core/reproduce/reproduction.js"
import { reproductionText } from "./core/render/reproduction.js"
import { differenceText } from "./core/render/difference.js"
import { renderMarkdown } from "./core/render/markdown.js"
import type { StatementSigner } from "./core/evidence/evidence.js"
import type { BuildRequest } from "./core/request/request.js"
import { assertAllPassed, build as buildImages, buildContainer } from "./pipeline/build.js"
import { imageParity as compareImages } from "./pipeline/parity/image-parity.js"
import { openEngineHost } from "./pipeline/engine/engine-host.js"
import { parity as compareInstallMethods } from "./pipeline/parity/emulation-parity.js"
import { plan as planImages } from "./pipeline/plan/plan.js"
import { Progress, type ProgressListener } from "./core/progress/progress.js"
import { reproduce } from "./pipeline/reproduce/reproduce.js"
import { release } from "./pipeline/release.js"
import { parseKeep } from "./core/published/cleanup.js"
import { trustOf } from "./core/evidence/given-trust.js"
import { parsePlatforms } from "./core/platforms.js"
import { assertTag, parseDigest, parseImageReference, parseRepository, parseTags } from "./core/text/reference.js"
import { cleanUpRepository, inspectImage, promoteImage, readEvidence, rollBackTag } from "./pipeline/oci/published.js"
import { Registry } from "./pipeline/oci/registry.js"
import type { BuildInputs } from "./pipeline/image/build-context.js"
import { directoryOfThisSession, localCopy, moduleUploads, ofThisSession } from "./pipeline/engine/module-uploads.js"
import { trustedBundle } from "./pipeline/engine/trust.js"
import { probeOf, upstreamOf } from "./pipeline/image/upstream.js"

/** The result of one smoke test, run inside the built container. */
@object()
export class SmokeCheck {
  /** The variant that was tested. */
  @func()
  variant: string

  /** The platform that was tested. */
  @func()
  platform: string

  /** The check's name, unique within a platform: version/git. */
  @func()
  name: string

  /** "passed", "failed", "skipped" or "inconclusive". */
  @func()
  status: string

  /** What the check proves. */
  @func()
  proves: string

  /** Why the check was skipped or is inconclusive, or what was expected and what was found. For one that passed in another variant's image, which. */
  @func()
  reason: string

  /** All of it in one line. */
  @func()
  line: string

  constructor(variant: string, platform: string, name: string, status: string, proves: string, reason: string) {
    this.variant = variant
    this.platform = platform
    this.name = name
    this.status = status
    this.proves = proves
    this.reason = reason
    this.line = `${variant} ${platform} ${name}: ${status}${reason === "" ? "" : `, ${reason}`}`
  }
}

/**
 * Builds, tests and publishes GitHub Actions runner images for several platforms.
 *
 * What all functions share are the constructor's arguments: `dagger call --sources registry build`. The engine keeps an object's declared
 * fields between calls and gives them back without running the constructor, and it answers the constructor from its cache: so it
 * only keeps what it is given.
 */
@object()
export class RunnerImages {
  private docker: Directory
  private sources: string
  private runner: string
  private base: string
  private definition?: File
  private lock?: File
  private snapshot?: string
  private snapshotService?: Service
  private refresh: boolean
  private sudo: boolean
  private root: boolean
  private cjkFonts: boolean
  private assets?: Directory
  private mirror?: string
  private mirrorService?: Service
  private caBundle?: File
  private sourceUrl?: string
  private sourceRevision?: string

  /**
   * @param docker What goes into images: this project's docker folder.
   * @param sources Where tools come from: "upstream" (vendors' downloads), "registry" (package registries only) or "auto", which takes each tool from upstream if its pinned files are there, else from a registry.
   * @param runner Runner: "official" (GitHub's), "act" (github-act-runner; published tags then end in -act) or "auto", the first if it can be had, else the second. "sources" decides about all other tools.
   * @param base Base image: "debian:trixie-slim" or "ubuntu:24.04".
   * @param definition A YAML file that defines a custom variant, which is then the default of "variants".
   * @param lock The report.json of an earlier build: its exact packages are installed again, on the same base image.
   * @param snapshot With a lock: take packages from the archive as it was then: "distribution", or the URL of a service like its snapshots.
   * @param snapshotService That service, if the engine's containers cannot reach it by name: tcp://127.0.0.1:8080.
   * @param refresh Query the package archive now instead of once a day.
   * @param sudo Give the runner user sudo without a password; published tags then end in -sudo.
   * @param root Start containers as root, as some other images do; published tags then end in -root.
   * @param cjkFonts Add fonts for Chinese, Japanese and Korean to variants with a browser.
   * @param assets Upstream archives by file name, downloaded beforehand.
   * @param mirror URL of a server that has the vendors' files at URL/HOST/PATH, used instead of the vendors.
   * @param mirrorService The mirror as a service, if the engine's containers cannot reach it by name: tcp://127.0.0.1:8080.
   * @param caBundle Certificate authorities that downloads and pushes trust. Defaults to those that the module's own runtime trusts.
   * @param sourceUrl URL of the images' source code, for a label; a module cannot see its own repository.
   * @param sourceRevision The commit that the images are built from, for a label.
   */
  constructor(
    @argument({ defaultPath: "./docker", ignore: [".env", "secrets", "**/node_modules"] }) docker: Directory,
    sources: string = "auto",
    base: string = "debian:trixie-slim",
    definition?: File,
    lock?: File,
    refresh: boolean = false,
    sudo: boolean = false,
    root: boolean = false,
    cjkFonts: boolean = false,
    assets?: Directory,
    mirror?: string,
    mirrorService?: Service,
    caBundle?: File,
    sourceUrl?: string,
    sourceRevision?: string,
    snapshot?: string,
    snapshotService?: Service,
    runner: string = "auto",
  ) {
    this.docker = docker
    this.sources = sources
    this.runner = runner
    this.base = base
    if (definition !== undefined) this.definition = definition
    if (lock !== undefined) this.lock = lock
    if (snapshot !== undefined) this.snapshot = snapshot
    if (snapshotService !== undefined) this.snapshotService = snapshotService
    this.refresh = refresh
    this.sudo = sudo
    this.root = root
    this.cjkFonts = cjkFonts
    if (assets !== undefined) this.assets = assets
    if (mirror !== undefined) this.mirror = mirror
    if (mirrorService !== undefined) this.mirrorService = mirrorService
    if (caBundle !== undefined) this.caBundle = caBundle
    if (sourceUrl !== undefined) this.sourceUrl = sourceUrl
    if (sourceRevision !== undefined) this.sourceRevision = sourceRevision
  }

  /**
   * Build the images, smoke-test them and return one folder per variant: an OCI layout with its reports.
   * Fails if a check fails. Add `export --path dist` to write it to disk.
   *
   * @param platforms Platforms to build. Defaults to all.
   * @param variants Variants to build, or "all". Defaults to the definition's variant, else "standard".
   * @param native Fail early if emulation would cause any check to be skipped.
   * @param compression Compression of layers: "gzip", which everything reads; "zstd", smaller and faster; or "estargz", gzip for lazy snapshotters.
   */
  @func({ cache: "session" })
  async build(
    platforms?: Platform[],
    variants?: string[],
    native: boolean = false,
    compression: string = "gzip",
  ): Promise<Directory> {
    const request = await this.requestOf({ platforms, variants, native, compression })
    const built = await buildImages(request, await this.inputs(), new Progress(IN_TRACE))
    assertAllPassed(built, request)
    return directoryOfThisSession(
      built.reduce((all, { variant, directory }) => all.withDirectory(variant, directory), dag.directory()),
    )
  }

  /**
   * Build one variant for one platform and return the container, for a terminal, a command or a service.
   *
   * @param platform Platform to build. Defaults to the engine's own.
   * @param variant Variant to build. Defaults to the definition's variant, else "standard".
   */
  @func({ cache: "session" })
  async container(platform?: Platform, variant?: string): Promise<Container> {
    const platforms = [platform ?? (await dag.defaultPlatform())]
    const request = await this.requestOf({ platforms, variants: variant === undefined ? undefined : [variant] })
    return ofThisSession(await buildContainer(request, await this.inputs(), new Progress(IN_TRACE)))
  }

  /**
   * Build the images, smoke-test them and return the report as Markdown. Fails if a check fails.
   *
   * @param platforms Platforms to test. Defaults to all.
   * @param variants Variants to test, or "all". Defaults to the definition's variant, else "standard".
   * @param native Fail early if emulation would cause any check to be skipped.
   */
  @func({ cache: "session" })
  async test(platforms?: Platform[], variants?: string[], native: boolean = false): Promise<string> {
    const request = await this.requestOf({ platforms, variants, native })
    const built = await buildImages(request, await this.inputs(), new Progress(IN_TRACE))
    assertAllPassed(built, request)
    return built.map(({ report }) => renderMarkdown(report)).join("\n")
  }

  /**
   * Build the images, smoke-test them and return each check's result. A check that fails does not fail the function: see its status.
   * Add `line` for one line per check.
   *
   * @param platforms Platforms to test. Defaults to all.
   * @param variants Variants to test, or "all". Defaults to the definition's variant, else "standard".
   * @param native Fail early if emulation would cause any check to be skipped.
   */
  @func({ cache: "session" })
  async checks(platforms?: Platform[], variants?: string[], native: boolean = false): Promise<SmokeCheck[]> {
    const request = await this.requestOf({ platforms, variants, native })
    const built = await buildImages(request, await this.inputs(), new Progress(IN_TRACE))
    return built.flatMap(({ variant, report }) =>
      report.platforms.flatMap(({ platform, checks }) =>
        checks.map((check) => {
          const { name, status, proves } = check
          return new SmokeCheck(variant, platform, name, status, proves, reasonOf(check))
        }),
      ),
    )
  }

  /**
   * Return what would be built as JSON: packages, tools with their versions and sources, environment. Builds nothing.
   *
   * @param platforms Platforms to plan for. Defaults to all.
   * @param variants Variants to plan, or "all". Defaults to the definition's variant, else "standard".
   */
  @func({ cache: "session" })
  async plan(platforms?: Platform[], variants?: string[]): Promise<string> {
    const request = await this.requestOf({ platforms, variants })
    const { assets, mirrorService } = this
    const probe = probeOf(upstreamOf(request, { assets, mirrorService }), () =>
      openEngineHost(moduleUploads(), { caBundle: trustedBundle() }),
    )
    const { variants: planned } = await planImages(request, (await assets?.entries()) ?? [], probe)
    return JSON.stringify(planned, null, 2)
  }

  /**
   * Build the images, compare the platforms and return the comparison as JSON. Fails if something differs.
   * What is compared: packages, tools, configuration, accounts, and every path above the packages. With "emulated", the packages of the
   * foreign platform are installed twice, with native binaries and under emulation, and every path of the two root file systems.
   *
   * @param against What to compare with: the other "platforms", or an "emulated" installation.
   * @param platforms Platforms to compare. Defaults to all.
   * @param variants Variants to compare, or "all". Defaults to the definition's variant, else "standard".
   * @param packages With "emulated": packages to install beside the variants'.
   */
  @func({ cache: "session" })
  async parity(
    against: string = "platforms",
    platforms?: Platform[],
    variants?: string[],
    packages?: string[],
  ): Promise<string> {
    const word = parseAgainst(against)
    if (word === "platforms") {
      const request = await this.requestOf({ platforms, variants })
      assertComparable(request.platforms)
      const compared = await compareImages(request, await this.inputs(), new Progress(IN_TRACE))
      assertImageParity(compared)
      return JSON.stringify(compared, null, 2)
    }
    const request = {
      against: word,
      ...composeVariants({ variants, definition: await this.definitionFile() }),
      packages: parsePackages(packages),
      refresh: this.refresh,
    }
    const reports = await compareInstallMethods(request, await this.inputs(), new Progress(IN_TRACE))
    assertParity(reports)
    return JSON.stringify(reports, null, 2)
  }

  /**
   * Build an image again from its report and compare the digests. Fails if it is not the same, and names the files that differ.
   *
   * @param original The folder of an earlier build: its OCI layout with its report.json.
   */
  @func({ cache: "session" })
  async reproduce(original: Directory): Promise<string> {
    const text = await original.file("report.json").contents()
    const definition = await this.definitionFile()
    const { mirror, snapshot } = this
    const request = composeRequest(rebuildOf(text, { definition, mirror, snapshot }))
    const read: LayoutReader = (path) => original.file(path).contents()
    const index = await indexOf(read)
    const found = await reproduce(
      () => ({ index, read, files: () => original }),
      request,
      await this.inputs(),
      new Progress(IN_TRACE),
    )
    const compared = reproductionText(found)
    assertReproduced(found, compared.split("\n"))
    return compared
  }

  /**
   * Build the images, smoke-test them on every platform, push them, and set the tags last.
   * Returns one line per variant: repository@digest. With "sources" of "auto", the images' label says where each tool came from. Images without GitHub's
   * runner are published only with "runner" of "act".
   *
   * @param repository Repository to push to, without a tag: host/path. Variants other than standard get "-variant" appended.
   * @param tags Tags to set once everything is pushed and verified; {version}, {runner}, {date}, {commit} and {variant} are filled in.
   * @param platforms Platforms to build. Defaults to all.
   * @param variants Variants to build, or "all". Defaults to the definition's variant, else "standard".
   * @param variantTags Also tag other variants in the repository itself: chrome-latest for latest of chrome.
   * @param registry The registry as a service, if the engine's containers cannot reach it by name: tcp://127.0.0.1:5000.
   * @param username User name for the registry.
   * @param password Password or token for the registry.
   * @param native Fail early if emulation would cause any check to be skipped.
   * @param compression Compression of layers: "gzip", which everything reads; "zstd", smaller and faster; or "estargz", gzip for lazy snapshotters.
   * @param signKey Private key that signs the images and what is attached to them: PEM, or as cosign writes it.
   * @param signKeyPassphrase Passphrase of that key.
   * @param identityToken Sign without a key of one's own: a token of OpenID Connect for the audience "sigstore", which proves an identity.
   * @param fulcioUrl With an identity token: the certificate authority. Defaults to sigstore's public one.
   * @param rekorUrl Transparency log that records signatures. With an identity token, defaults to sigstore's public one.
   * @param timestampUrl Timestamp authority (RFC 3161) that says when signatures were made.
   * @param force Move tags with a whole version, and let tags other than latest lose a platform.
   * @param dryRun Check everything, say in the log what would be done, and change nothing.
   * @param plainHttp Use a registry without TLS: whoever is on the way can read the password and change images.
   */
  @func({ cache: "never" })
  async publish(
    repository: string,
    tags: string[],
    platforms?: Platform[],
    variants?: string[],
    variantTags: boolean = false,
    registry?: Service,
    username?: string,
    password?: Secret,
    native: boolean = false,
    compression: string = "gzip",
    signKey?: Secret,
    signKeyPassphrase?: Secret,
    identityToken?: Secret,
    fulcioUrl?: string,
    rekorUrl?: string,
    timestampUrl?: string,
    force: boolean = false,
    dryRun: boolean = false,
    plainHttp: boolean = false,
  ): Promise<string[]> {
    const request = await this.requestOf({ platforms, variants, native, compression })
    const inputs = await this.inputs()
    const sign = await signer({ signKey, signKeyPassphrase, identityToken, fulcioUrl, rekorUrl, timestampUrl })
    const target = {
      repository,
      tags,
      variantTags,
      force,
      dryRun,
      plainHttp,
      ...(registry ? { registry } : {}),
      ...(username === undefined ? {} : { username }),
      ...(password ? { password } : {}),
      ...(inputs.caBundle ? { caBundle: inputs.caBundle } : {}),
      ...(sign ? { sign } : {}),
    }
    const published = await release(request, inputs, new Progress(IN_TRACE), target)
    return published.flatMap(({ places: { reference } }) => reference ?? [])
  }

  /**
   * Say what a registry has about an image, as JSON: platforms, digests, sizes, tools, attestations, age and former tags. Verifies nothing.
   *
   * @param reference An image, by tag or digest.
   * @param registry The registry as a service, if the engine's containers cannot reach it by name: tcp://127.0.0.1:5000.
   * @param username User name for the registry.
   * @param password Password or token for the registry.
   * @param plainHttp Use a registry without TLS: whoever is on the way can read the password and change images.
   */
  @func({ cache: "never" })
  async inspect(
    reference: string,
    registry?: Service,
    username?: string,
    password?: Secret,
    plainHttp: boolean = false,
  ): Promise<string> {
    const image = parseImageReference(reference)
    const opened = await this.opened(image.repository.name, { registry, username, password, plainHttp })
    return JSON.stringify(await inspectImage(opened, image, new Progress(IN_TRACE)), null, 2)
  }

  /**
   * Set tags to an image that is in a registry already, by the rules of publish. Returns what changed and how to go back, as JSON.
   *
   * @param reference The image, by tag or digest.
   * @param tags Tags to set, in the same repository.
   * @param force Move tags with a whole version, and let tags other than latest lose a platform.
   * @param dryRun Check everything, say what would be done, and change nothing.
   * @param registry The registry as a service, if the engine's containers cannot reach it by name: tcp://127.0.0.1:5000.
   * @param username User name for the registry.
   * @param password Password or token for the registry.
   * @param plainHttp Use a registry without TLS: whoever is on the way can read the password and change images.
   */
  @func({ cache: "never" })
  async promote(
    reference: string,
    tags: string[],
    force: boolean = false,
    dryRun: boolean = false,
    registry?: Service,
    username?: string,
    password?: Secret,
    plainHttp: boolean = false,
  ): Promise<string> {
    const image = parseImageReference(reference)
    const wanted = { reference: image, tags: parseTags(tags) }
    const opened = await this.opened(image.repository.name, { registry, username, password, plainHttp })
    return JSON.stringify(await promoteImage(opened, wanted, { force, dryRun }, new Progress(IN_TRACE)), null, 2)
  }

  /**
   * Set a tag back to the image that it pointed to before. Returns what changed and how to go back, as JSON.
   *
   * @param repository Repository, without a tag: host/path.
   * @param tag The tag.
   * @param to Digest of the image to go back to. Defaults to where the tag was before its last move.
   * @param force Move tags with a whole version, and let tags other than latest lose a platform.
   * @param dryRun Check everything, say what would be done, and change nothing.
   * @param registry The registry as a service, if the engine's containers cannot reach it by name: tcp://127.0.0.1:5000.
   * @param username User name for the registry.
   * @param password Password or token for the registry.
   * @param plainHttp Use a registry without TLS: whoever is on the way can read the password and change images.
   */
  @func({ cache: "never" })
  async rollback(
    repository: string,
    tag: string,
    to?: string,
    force: boolean = false,
    dryRun: boolean = false,
    registry?: Service,
    username?: string,
    password?: Secret,
    plainHttp: boolean = false,
  ): Promise<string> {
    const { name } = parseRepository(repository)
    assertTag(tag)
    const wanted = { repository: name, tag, to: to === undefined ? undefined : parseDigest(to, "to") }
    const opened = await this.opened(name, { registry, username, password, plainHttp })
    return JSON.stringify(await rollBackTag(opened, wanted, { force, dryRun }, new Progress(IN_TRACE)), null, 2)
  }

  /**
   * Delete old builds from a repository, and nothing that a remaining tag needs. Returns what is deleted and what stays, as JSON.
   *
   * @param repository Repository, without a tag: host/path.
   * @param keep Number of builds that stay of each series of tags, such as 1.2.3 and 1.2.3-act.
   * @param dryRun Say what would be deleted, and delete nothing.
   * @param registry The registry as a service, if the engine's containers cannot reach it by name: tcp://127.0.0.1:5000.
   * @param username User name for the registry.
   * @param password Password or token for the registry.
   * @param plainHttp Use a registry without TLS: whoever is on the way can read the password and change images.
   */
  @func({ cache: "never" })
  async cleanup(
    repository: string,
    keep: number,
    dryRun: boolean = false,
    registry?: Service,
    username?: string,
    password?: Secret,
    plainHttp: boolean = false,
  ): Promise<string> {
    const { name } = parseRepository(repository)
    const wanted = { repository: name, keep: parseKeep(String(keep)), dryRun }
    const opened = await this.opened(name, { registry, username, password, plainHttp })
    const plan = await cleanUpRepository(opened, wanted, new Progress(IN_TRACE))
    return JSON.stringify({ ...plan, dryRun }, null, 2)
  }

  /**
   * Verify a published image: signatures, bills of materials, provenance and test results. Returns what was examined, as JSON. Fails if anything is
   * wrong.
   *
   * @param reference An image, by tag or digest.
   * @param key File with the public key of who signed, in PEM format; several keys may follow each other.
   * @param identity Without a key: whom the signatures' certificates are for, exactly, such as the URL of a workflow.
   * @param issuer With an identity: the URL of who vouched for it.
   * @param trustedRoot With an identity: file with sigstore's trusted root, or another one.
   * @param platforms Platforms that the image must have. Defaults to all.
   * @param registry The registry as a service, if the engine's containers cannot reach it by name: tcp://127.0.0.1:5000.
   * @param username User name for the registry.
   * @param password Password or token for the registry.
   * @param plainHttp Use a registry without TLS: whoever is on the way can read the password and change images.
   */
  @func({ cache: "never" })
  async verify(
    reference: string,
    key?: File,
    identity?: string,
    issuer?: string,
    trustedRoot?: File,
    platforms?: Platform[],
    registry?: Service,
    username?: string,
    password?: Secret,
    plainHttp: boolean = false,
  ): Promise<string> {
    const image = parseImageReference(reference)
    const demanded = parsePlatforms(platforms)
    const trust = await trustOf({ key, identity, issuer, trustedRoot }, async (file, option) => ({
      text: await file.contents(),
      origin: option,
    }))
    const { name } = image.repository
    const opened = await this.opened(name, { registry, username, password, plainHttp })
    const published = await readEvidence(opened, image, new Progress(IN_TRACE))
    // Loaded here, as in publish: no other function needs it.
    const { assertVerified, verifyImage } = await import("./core/evidence/verification.js")
    const verification = verifyImage(published, { trust, repository: name, platforms: demanded })
    assertVerified(verification)
    return JSON.stringify(verification, null, 2)
  }

  /** The registry of images that exist already. */
  private async opened(repository: string, given: RegistryArguments): Promise<Registry> {
    const { registry, username, password, plainHttp } = given
    const caBundle = (await this.caBundle?.contents()) ?? trustedBundle()
    const engineHost = await openEngineHost(moduleUploads(), { caBundle })
    const access = {
      engineHost,
      plainHttp,
      ...(registry ? { registry } : {}),
      ...(username === undefined ? {} : { username }),
      ...(password ? { password } : {}),
      ...(caBundle === undefined ? {} : { caBundle }),
    }
    return Registry.open(repository, access, new Progress(IN_TRACE))
  }

  /** Everything that can be wrong with the arguments is found here, before any work. */
  private async requestOf(
    given: Pick<GivenBuild, "platforms" | "variants" | "native" | "compression">,
  ): Promise<BuildRequest> {
    return composeRequest({
      ...given,
      definition: await this.definitionFile(),
      sources: this.sources,
      runner: this.runner,
      base: this.base,
      mirror: this.mirror,
      lock: await this.lock?.contents(),
      snapshot: this.snapshot,
      source: { url: this.sourceUrl, revision: this.sourceRevision },
      sudo: this.sudo,
      root: this.root,
      cjkFonts: this.cjkFonts,
      refresh: this.refresh,
    })
  }

  private async definitionFile(): Promise<DefinitionFile | undefined> {
    const { definition } = this
    return definition && { text: await definition.contents(), name: await definition.name() }
  }

  private async inputs(): Promise<BuildInputs> {
    const inputs: BuildInputs = { docker: await localCopy(this.docker), uploads: moduleUploads() }
    if (this.assets) inputs.assets = this.assets
    if (this.mirrorService) inputs.mirrorService = this.mirrorService
    if (this.snapshotService) inputs.snapshotService = this.snapshotService
    const caBundle = (await this.caBundle?.contents()) ?? trustedBundle()
    if (caBundle) inputs.caBundle = caBundle
    return inputs
  }
}

/** How a registry is reached, as arguments say it. */
interface RegistryArguments {
  registry: Service | undefined
  username: string | undefined
  password: Secret | undefined
  plainHttp: boolean
}

/** How to sign, as the arguments of publish say it. */
interface SigningArguments {
  signKey: Secret | undefined
  signKeyPassphrase: Secret | undefined
  identityToken: Secret | undefined
  fulcioUrl: string | undefined
  rekorUrl: string | undefined
  timestampUrl: string | undefined
}

async function signer(given: SigningArguments): Promise<StatementSigner | undefined> {
  const { signKey, signKeyPassphrase, identityToken, fulcioUrl, rekorUrl, timestampUrl } = given
  // Loaded here, since no other function needs it.
  const { signerOf } = await import("./pipeline/evidence/signer-of.js")
  return signerOf({
    ...(signKey ? { key: { text: await signKey.plaintext(), origin: "signKey" } } : {}),
    ...(signKeyPassphrase ? { passphrase: await signKeyPassphrase.plaintext() } : {}),
    ...(identityToken ? { token: () => identityToken.plaintext() } : {}),
    ...(fulcioUrl === undefined ? {} : { fulcio: fulcioUrl }),
    ...(rekorUrl === undefined ? {} : { rekor: rekorUrl }),
    ...(timestampUrl === undefined ? {} : { timestamps: timestampUrl }),
  })
}

/** Steps become spans of the function's trace, around the engine's own; warnings and notes become lines of it. */
const IN_TRACE: ProgressListener = {
  around: (scope, step, work) => getTracer().startActiveSpan(`${scope}: ${step}`, () => work()),
  started: () => undefined,
  ended: () => undefined,
  warned: (scope, text) => {
    console.error(`[${scope}] warning: ${text}`)
  },
  noted: (scope, text) => {
    console.error(`[${scope}] ${text}`)
  },
}

function reasonOf(check: CheckResult): string {
  if (check.status === "passed") return check.provedBy === undefined ? "" : `proved by ${check.provedBy}`
  return [differenceText(check), check.reason].filter((part) => part !== undefined).join(": ")
}
