/**
 * GitHub Actions runner images for linux/amd64 and linux/arm64: one pipeline builds every variant, runs smoke tests
 * inside the built containers and publishes one multi-platform image.
 *
 * Try `dagger call build --platforms linux/amd64,linux/arm64 export --path dist`.
 */
import { argument, dag, func, object, Container, Directory, File, Platform, Secret, Service } from "@dagger.io/dagger"
import { existsSync, readFileSync } from "node:fs"
import { assertComparable, assertImageParity } from "./core/parity/image-parity.js"
import type { CustomVariant } from "./core/variants/definitions.js"
import { parseCustomVariant } from "./core/variants/custom/custom-variant.js"
import { parseBase } from "./core/variants/bases.js"
import { assertParity, parseAgainst, parsePackages } from "./core/parity/emulation-parity.js"
import { parseMirror } from "./core/text/mirror.js"
import { assertPlannable } from "./core/plan/plan.js"
import { parsePlatforms } from "./core/platforms.js"
import { renderMarkdown } from "./core/render/markdown.js"
import { parseSources, type BuildRequest } from "./core/request/request.js"
import { parseSourceCode } from "./core/text/source-code.js"
import { parseVariants } from "./core/variants/names.js"
import { assertChecksPassed, build as buildImages, buildContainer } from "./pipeline/build.js"
import { imageParity as compareImages } from "./pipeline/parity/image-parity.js"
import { openEngineHost } from "./pipeline/engine/engine-host.js"
import { parity as compareInstallMethods } from "./pipeline/parity/emulation-parity.js"
import { plan as planImages } from "./pipeline/plan/plan.js"
import { Progress, type ProgressListener } from "./core/progress/progress.js"
import { release } from "./pipeline/release.js"
import type { BuildInputs } from "./pipeline/image/build-context.js"
import { caBundleOf, TRUST_FILES } from "./pipeline/engine/trust.js"
import { probeOf, upstreamOf } from "./pipeline/image/upstream.js"
import { parseCompression } from "./core/request/compression.js"

/**
 * Builds, tests and publishes GitHub Actions runner images for several platforms.
 */
@object()
export class RunnerImages {
  /**
   * Build the images, smoke-test them and return one folder per variant: an OCI layout with its reports.
   * Fails when a check does. Add `export --path dist` to have it on disk.
   *
   * @param docker What goes into images: this project's docker folder.
   * @param platforms Platforms to build, each once. All of them when omitted.
   * @param variants Variants to build, each once, or "all". "standard" when omitted.
   * @param definition A YAML file that describes a variant of your own, which is then what is built when variants are omitted.
   * @param sources Where tools come from: "upstream" (vendors' downloads), "registry" (package registries only) or "auto".
   * @param base What the images are built on: "debian:trixie-slim" or "ubuntu:24.04".
   * @param assets Upstream archives by file name, fetched beforehand.
   * @param mirror URL of a server that has the vendors' files as URL/HOST/PATH, asked in place of the vendors.
   * @param mirrorService The mirror as a service, where the engine's containers cannot reach it by name: tcp://127.0.0.1:8080.
   * @param lock A report.json of an earlier build, whose exact packages are installed again, on the same base image.
   * @param refresh Ask the package archive for its state now instead of once a day.
   * @param sudo Give the runner user sudo without a password; published tags then end in -sudo.
   * @param root Start containers as root, as some other images do; published tags then end in -root.
   * @param cjkFonts Add fonts for Chinese, Japanese and Korean to variants with a browser.
   * @param native Demand every check: refuse platforms that the engine emulates where that cannot do some of them.
   * @param compression How layers are compressed: "gzip", which everything reads, or "zstd", smaller and faster.
   * @param sourceUrl Where the images' source code is, for a label; a module cannot see its own repository.
   * @param sourceRevision The commit that the images are built from, for a label.
   * @param caBundle Certificate authorities that download steps trust. What this program trusts when omitted.
   */
  @func({ cache: "session" })
  async build(
    @argument({ defaultPath: "./docker", ignore: [".env", "secrets", "**/node_modules"] }) docker: Directory,
    platforms?: Platform[],
    variants?: string[],
    definition?: File,
    sources: string = "auto",
    base: string = "debian:trixie-slim",
    assets?: Directory,
    mirror?: string,
    mirrorService?: Service,
    lock?: File,
    refresh: boolean = false,
    sudo: boolean = false,
    root: boolean = false,
    cjkFonts: boolean = false,
    native: boolean = false,
    compression: string = "gzip",
    sourceUrl?: string,
    sourceRevision?: string,
    caBundle?: File,
  ): Promise<Directory> {
    const request = await requestOf({
      platforms,
      variants,
      definition,
      sources,
      base,
      mirror,
      lock,
      refresh,
      sudo,
      root,
      cjkFonts,
      native,
      compression,
      source: { url: sourceUrl, revision: sourceRevision },
    })
    const built = await buildImages(request, inputsOf({ docker, assets, mirrorService, caBundle }), new Progress())
    for (const { report } of built) assertChecksPassed(report)
    return built.reduce((all, { variant, directory }) => all.withDirectory(variant, directory), dag.directory())
  }

  /**
   * Build one variant for one platform and return the container, for a terminal, a command or a service.
   *
   * @param docker What goes into images: this project's docker folder.
   * @param platform Platform to build. The engine's own when omitted.
   * @param variant Variant to build. That of the definition when omitted, else "standard".
   * @param definition A YAML file that describes a variant of your own.
   * @param sources Where tools come from: "upstream" (vendors' downloads), "registry" (package registries only) or "auto".
   * @param base What the images are built on: "debian:trixie-slim" or "ubuntu:24.04".
   * @param assets Upstream archives by file name, fetched beforehand.
   * @param mirror URL of a server that has the vendors' files as URL/HOST/PATH, asked in place of the vendors.
   * @param mirrorService The mirror as a service, where the engine's containers cannot reach it by name: tcp://127.0.0.1:8080.
   * @param lock A report.json of an earlier build, whose exact packages are installed again, on the same base image.
   * @param refresh Ask the package archive for its state now instead of once a day.
   * @param sudo Give the runner user sudo without a password; published tags then end in -sudo.
   * @param root Start containers as root, as some other images do; published tags then end in -root.
   * @param cjkFonts Add fonts for Chinese, Japanese and Korean to variants with a browser.
   * @param caBundle Certificate authorities that download steps trust. What this program trusts when omitted.
   */
  @func({ cache: "session" })
  async container(
    @argument({ defaultPath: "./docker", ignore: [".env", "secrets", "**/node_modules"] }) docker: Directory,
    platform?: Platform,
    variant?: string,
    definition?: File,
    sources: string = "auto",
    base: string = "debian:trixie-slim",
    assets?: Directory,
    mirror?: string,
    mirrorService?: Service,
    lock?: File,
    refresh: boolean = false,
    sudo: boolean = false,
    root: boolean = false,
    cjkFonts: boolean = false,
    caBundle?: File,
  ): Promise<Container> {
    const platforms = [platform ?? (await dag.defaultPlatform())]
    const request = await requestOf({
      platforms,
      variants: variant === undefined ? undefined : [variant],
      definition,
      sources,
      base,
      mirror,
      lock,
      refresh,
      sudo,
      root,
      cjkFonts,
    })
    return buildContainer(request, inputsOf({ docker, assets, mirrorService, caBundle }), new Progress())
  }

  /**
   * Build the images, smoke-test them and return the report as Markdown. Fails when a check does.
   *
   * @param docker What goes into images: this project's docker folder.
   * @param platforms Platforms to build, each once. All of them when omitted.
   * @param variants Variants to build, each once, or "all". "standard" when omitted.
   * @param definition A YAML file that describes a variant of your own, which is then what is built when variants are omitted.
   * @param sources Where tools come from: "upstream" (vendors' downloads), "registry" (package registries only) or "auto".
   * @param base What the images are built on: "debian:trixie-slim" or "ubuntu:24.04".
   * @param assets Upstream archives by file name, fetched beforehand.
   * @param mirror URL of a server that has the vendors' files as URL/HOST/PATH, asked in place of the vendors.
   * @param mirrorService The mirror as a service, where the engine's containers cannot reach it by name: tcp://127.0.0.1:8080.
   * @param lock A report.json of an earlier build, whose exact packages are installed again, on the same base image.
   * @param refresh Ask the package archive for its state now instead of once a day.
   * @param sudo Give the runner user sudo without a password; published tags then end in -sudo.
   * @param root Start containers as root, as some other images do; published tags then end in -root.
   * @param cjkFonts Add fonts for Chinese, Japanese and Korean to variants with a browser.
   * @param native Demand every check: refuse platforms that the engine emulates where that cannot do some of them.
   * @param caBundle Certificate authorities that download steps trust. What this program trusts when omitted.
   */
  @func({ cache: "session" })
  async test(
    @argument({ defaultPath: "./docker", ignore: [".env", "secrets", "**/node_modules"] }) docker: Directory,
    platforms?: Platform[],
    variants?: string[],
    definition?: File,
    sources: string = "auto",
    base: string = "debian:trixie-slim",
    assets?: Directory,
    mirror?: string,
    mirrorService?: Service,
    lock?: File,
    refresh: boolean = false,
    sudo: boolean = false,
    root: boolean = false,
    cjkFonts: boolean = false,
    native: boolean = false,
    caBundle?: File,
  ): Promise<string> {
    const request = await requestOf({
      platforms,
      variants,
      definition,
      sources,
      base,
      mirror,
      lock,
      refresh,
      sudo,
      root,
      cjkFonts,
      native,
    })
    const built = await buildImages(request, inputsOf({ docker, assets, mirrorService, caBundle }), new Progress())
    for (const { report } of built) assertChecksPassed(report)
    return built.map(({ report }) => renderMarkdown(report)).join("\n")
  }

  /**
   * Say as JSON what would be built: packages, tools with their versions and sources, environment. Nothing is run.
   *
   * @param platforms Platforms to plan for, each once. All of them when omitted.
   * @param variants Variants to plan, each once, or "all". "standard" when omitted.
   * @param definition A YAML file that describes a variant of your own, which is then what is planned when variants are omitted.
   * @param sources Where tools come from: "upstream" (vendors' downloads), "registry" (package registries only) or "auto".
   * @param base What the images are built on: "debian:trixie-slim" or "ubuntu:24.04".
   * @param assets Upstream archives by file name, fetched beforehand.
   * @param mirror URL of a server that has the vendors' files as URL/HOST/PATH, asked in place of the vendors.
   * @param mirrorService The mirror as a service, where the engine's containers cannot reach it by name: tcp://127.0.0.1:8080.
   * @param sudo Give the runner user sudo without a password; published tags then end in -sudo.
   * @param root Start containers as root, as some other images do; published tags then end in -root.
   * @param cjkFonts Add fonts for Chinese, Japanese and Korean to variants with a browser.
   */
  @func({ cache: "session" })
  async plan(
    platforms?: Platform[],
    variants?: string[],
    definition?: File,
    sources: string = "auto",
    base: string = "debian:trixie-slim",
    assets?: Directory,
    mirror?: string,
    mirrorService?: Service,
    sudo: boolean = false,
    root: boolean = false,
    cjkFonts: boolean = false,
  ): Promise<string> {
    const request = await requestOf({
      platforms,
      variants,
      definition,
      sources,
      base,
      mirror,
      sudo,
      root,
      cjkFonts,
      refresh: false,
    })
    const probe = probeOf(upstreamOf(request, { assets, mirrorService }), () => openEngineHost(trustOf(undefined)))
    return JSON.stringify(await planImages(request, (await assets?.entries()) ?? [], probe), null, 2)
  }

  /**
   * Build the images and compare the platforms' with each other: packages, tools, configuration, accounts, and every path above the
   * packages. Or, against "emulated", install packages for the platform that is not the engine's both ways, by native programs and
   * under emulation, and compare every path of the two roots. Returns the comparison as JSON, and fails when something differs.
   *
   * @param docker What goes into images: this project's docker folder.
   * @param against What is compared: "platforms" with each other, or native programs' work with what is "emulated".
   * @param platforms Platforms to compare, each once. All of them when omitted.
   * @param variants Variants to compare, each once, or "all". "standard" when omitted.
   * @param definition A YAML file that describes a variant of your own, which is then what is compared when variants are omitted.
   * @param sources Where tools come from: "upstream" (vendors' downloads), "registry" (package registries only) or "auto".
   * @param base What the images are built on: "debian:trixie-slim" or "ubuntu:24.04".
   * @param packages Against "emulated": further packages beside the variants'.
   * @param assets Upstream archives by file name, fetched beforehand.
   * @param mirror URL of a server that has the vendors' files as URL/HOST/PATH, asked in place of the vendors.
   * @param mirrorService The mirror as a service, where the engine's containers cannot reach it by name: tcp://127.0.0.1:8080.
   * @param lock A report.json of an earlier build, whose exact packages are installed again, on the same base image.
   * @param refresh Ask the package archive for its state now instead of once a day.
   * @param sudo Give the runner user sudo without a password; published tags then end in -sudo.
   * @param root Start containers as root, as some other images do; published tags then end in -root.
   * @param cjkFonts Add fonts for Chinese, Japanese and Korean to variants with a browser.
   * @param caBundle Certificate authorities that download steps trust. What this program trusts when omitted.
   */
  @func({ cache: "session" })
  async parity(
    @argument({ defaultPath: "./docker", ignore: [".env", "secrets", "**/node_modules"] }) docker: Directory,
    against: string = "platforms",
    platforms?: Platform[],
    variants?: string[],
    definition?: File,
    sources: string = "auto",
    base: string = "debian:trixie-slim",
    packages?: string[],
    assets?: Directory,
    mirror?: string,
    mirrorService?: Service,
    lock?: File,
    refresh: boolean = false,
    sudo: boolean = false,
    root: boolean = false,
    cjkFonts: boolean = false,
    caBundle?: File,
  ): Promise<string> {
    const word = parseAgainst(against)
    if (word === "platforms") {
      const request = await requestOf({
        platforms,
        variants,
        definition,
        sources,
        base,
        mirror,
        lock,
        refresh,
        sudo,
        root,
        cjkFonts,
      })
      assertComparable(request.platforms)
      const compared = await compareImages(
        request,
        inputsOf({ docker, assets, mirrorService, caBundle }),
        new Progress(),
      )
      assertImageParity(compared)
      return JSON.stringify(compared, null, 2)
    }
    const own = await customVariantOf(definition)
    const request = {
      against: word,
      variants: parseVariants(variants, own?.name),
      ...(own ? { own } : {}),
      packages: parsePackages(packages),
      refresh,
    }
    const reports = await compareInstallMethods(request, trustOf(caBundle), new Progress())
    assertParity(reports)
    return JSON.stringify(reports, null, 2)
  }

  /**
   * Build the images, smoke-test them on every platform, push them and tag them last.
   * Returns one line per variant: repository@digest. Needs "sources" to be decided: "upstream" or "registry".
   *
   * @param docker What goes into images: this project's docker folder.
   * @param repository Repository to push to, without a tag: host/path. Other variants than standard get "-variant" appended.
   * @param tags Tags to set once everything is pushed and read back.
   * @param variantTags Also tag other variants than standard in the repository itself: chrome-latest for latest of chrome.
   * @param sources Where tools come from: "upstream" (vendors' downloads) or "registry" (package registries only).
   * @param base What the images are built on: "debian:trixie-slim" or "ubuntu:24.04".
   * @param platforms Platforms to build, each once. All of them when omitted.
   * @param variants Variants to build, each once, or "all". "standard" when omitted.
   * @param definition A YAML file that describes a variant of your own, which is then what is built when variants are omitted.
   * @param allowStandIn Publish images with the stand-in runner; "-standin" is added to every tag.
   * @param registry The registry as a service, where the engine's containers cannot reach it by name: tcp://127.0.0.1:5000.
   * @param username User for the registry.
   * @param password Password or token for the registry.
   * @param assets Upstream archives by file name, fetched beforehand.
   * @param mirror URL of a server that has the vendors' files as URL/HOST/PATH, asked in place of the vendors.
   * @param mirrorService The mirror as a service, where the engine's containers cannot reach it by name: tcp://127.0.0.1:8080.
   * @param lock A report.json of an earlier build, whose exact packages are installed again, on the same base image.
   * @param refresh Ask the package archive for its state now instead of once a day.
   * @param sudo Give the runner user sudo without a password; published tags then end in -sudo.
   * @param root Start containers as root, as some other images do; published tags then end in -root.
   * @param cjkFonts Add fonts for Chinese, Japanese and Korean to variants with a browser.
   * @param native Demand every check: refuse platforms that the engine emulates where that cannot do some of them.
   * @param compression How layers are compressed: "gzip", which everything reads, or "zstd", smaller and faster.
   * @param sourceUrl Where the images' source code is, for a label; a module cannot see its own repository.
   * @param sourceRevision The commit that the images are built from, for a label.
   * @param caBundle Certificate authorities that download steps and the push trust. What this program trusts when omitted.
   */
  @func({ cache: "never" })
  async publish(
    @argument({ defaultPath: "./docker", ignore: [".env", "secrets", "**/node_modules"] }) docker: Directory,
    repository: string,
    tags: string[],
    sources: string,
    platforms?: Platform[],
    variants?: string[],
    definition?: File,
    base: string = "debian:trixie-slim",
    allowStandIn: boolean = false,
    variantTags: boolean = false,
    registry?: Service,
    username?: string,
    password?: Secret,
    assets?: Directory,
    mirror?: string,
    mirrorService?: Service,
    lock?: File,
    refresh: boolean = false,
    sudo: boolean = false,
    root: boolean = false,
    cjkFonts: boolean = false,
    native: boolean = false,
    compression: string = "gzip",
    sourceUrl?: string,
    sourceRevision?: string,
    caBundle?: File,
  ): Promise<string[]> {
    const request = await requestOf({
      platforms,
      variants,
      definition,
      sources,
      base,
      mirror,
      lock,
      refresh,
      sudo,
      root,
      cjkFonts,
      native,
      compression,
      source: { url: sourceUrl, revision: sourceRevision },
    })
    const inputs = inputsOf({ docker, assets, mirrorService, caBundle })
    const target = {
      repository,
      tags,
      allowStandIn,
      variantTags,
      ...(registry ? { registry } : {}),
      ...(username === undefined ? {} : { username }),
      ...(password ? { password } : {}),
      ...(inputs.caBundle ? { caBundle: inputs.caBundle } : {}),
    }
    return (await release(request, inputs, new Progress(IN_TRACE), target)).references
  }
}

/** Warnings and notes become lines of the function's trace; its steps are in there as the engine's own. */
const IN_TRACE: ProgressListener = {
  started: () => undefined,
  ended: () => undefined,
  warned: (scope, text) => {
    console.error(`[${scope}] warning: ${text}`)
  },
  noted: (scope, text) => {
    console.error(`[${scope}] ${text}`)
  },
}

interface Given {
  platforms?: readonly string[] | undefined
  variants?: readonly string[] | undefined
  definition?: File | undefined
  sources: string
  base: string
  mirror?: string | undefined
  lock?: File | undefined
  refresh: boolean
  sudo: boolean
  root?: boolean | undefined
  cjkFonts?: boolean | undefined
  native?: boolean | undefined
  compression?: string | undefined
  source?: { url: string | undefined; revision: string | undefined } | undefined
}

/** Everything that can be wrong with the arguments is found here, before any work. */
async function requestOf(given: Given): Promise<BuildRequest> {
  const own = await customVariantOf(given.definition)
  const request: BuildRequest = {
    platforms: parsePlatforms(given.platforms),
    variants: parseVariants(given.variants, own?.name),
    ...(own ? { own } : {}),
    sources: parseSources(given.sources),
    base: parseBase(given.base),
    refresh: given.refresh,
    sudo: given.sudo,
    root: given.root ?? false,
    cjkFonts: given.cjkFonts ?? false,
    compression: parseCompression(given.compression),
    source: parseSourceCode(given.source ?? {}),
  }
  if (given.native) request.native = true
  if (given.mirror !== undefined) request.mirror = parseMirror(given.mirror)
  if (given.lock) request.lock = await given.lock.contents()
  assertPlannable(request)
  return request
}

async function customVariantOf(definition: File | undefined): Promise<CustomVariant | undefined> {
  return definition && parseCustomVariant(await definition.contents(), await definition.name())
}

function inputsOf(given: {
  docker: Directory
  assets?: Directory | undefined
  mirrorService?: Service | undefined
  caBundle?: File | undefined
}): BuildInputs {
  const inputs: BuildInputs = { docker: given.docker }
  if (given.assets) inputs.assets = given.assets
  if (given.mirrorService) inputs.mirrorService = given.mirrorService
  const caBundle = trustOf(given.caBundle)
  if (caBundle) inputs.caBundle = caBundle
  return inputs
}

/** The authorities that were given, else those that this program trusts. */
function trustOf(given: File | undefined): File | undefined {
  if (given) return given
  const trust = TRUST_FILES.find((path) => existsSync(path))
  return trust === undefined ? undefined : caBundleOf(readFileSync(trust, "utf8"))
}
