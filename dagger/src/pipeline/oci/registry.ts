import { ExecError, type Container, type Directory, type File, type Secret, type Service } from "@dagger.io/dagger"
import { randomUUID } from "node:crypto"
import { z } from "zod"
import { RunnerImagesError } from "../../core/errors.js"
import type { PlatformName } from "../../core/platforms.js"
import { parseRepository, pathOf, registryOf, type Repository } from "../../core/text/reference.js"
import type { TaggedRepository } from "../../core/oci/publication.js"
import { PLAN_FILE, pushPlan, type PlannedPush } from "../../core/oci/push-plan.js"
import {
  blobSchema,
  checkSchema,
  doneSchema,
  manifestsSchema,
  pushedText,
  pushSchema,
  referrersSchema,
  surveySchema,
  tagsSchema,
  type Pushed,
  type ReferrerDescriptor,
  type Tagged,
} from "../../core/oci/registry-answers.js"
import { registryError } from "../../core/oci/registry-error.js"
import { readRegistryFailure } from "../../core/oci/registry-failure.js"
import { REGISTRY_LIMITS, type RegistryLimits } from "../../core/oci/registry-limits.js"
import type { Referrer } from "../../core/oci/referrer.js"
import { REPORT_MEDIA_TYPE } from "../../core/evidence/referrer.js"
import { ReadAhead } from "../../core/published/read-ahead.js"
import { TAG_MOVE_TYPE } from "../../core/published/tag-history.js"
import type { ChangingImages } from "../../core/published/published-images.js"
import type { Named } from "../../core/oci/tag-moves.js"
import type { Progress } from "../../core/progress/progress.js"
import type { EngineHost } from "../engine/engine-host.js"
import { servicePort } from "../engine/service.js"
import { registryProgram } from "./registry-program.js"

/** How the engine reaches a registry. */
export interface RegistryAccess {
  /** A registry that only the caller can reach, for example on the host's loopback interface. */
  registry?: Service
  /** Use plain HTTP for a registry that the engine reaches by its own name. A service is always reached so, within the engine's own network. */
  plainHttp?: boolean
  username?: string
  password?: Secret
  /** The text of the certificate authorities to trust. Mounted, never in a layer. */
  caBundle?: string
  engineHost: EngineHost
  /** The registry's timeouts; defaults to {@link REGISTRY_LIMITS}. */
  limits?: RegistryLimits
}

/** An image for one repository. */
export interface PushedImage extends Omit<PlannedPush, "layout"> {
  /** An OCI layout. */
  layout: Directory
}

/** The bound service's host name in the client's container. */
const ALIAS = "registry"
const PROGRAM = "/usr/local/bin/registry"
const PLAN = "/run/plan"
const LAYOUTS = "/run/layouts"
const ARCHIVE = "/run/image.tar"
const COPY = "/run/copy"
const PASSWORD = "/run/password"
const TRUST_BUNDLE = "/run/ca-certificates.crt"

/**
 * A registry, accessed with `dagger/registry/` in a container. Callers only see repositories under the names that users gave; the
 * address that the container uses stays internal. No operation is ever answered from a cache.
 *
 * All methods throw RunnerImagesError AUTHENTICATION or REGISTRY_FAILED.
 */
export class Registry implements ChangingImages {
  private constructor(
    private readonly client: Container,
    private readonly registry: string,
    /** Host and port by which the client's container reaches the registry. */
    private readonly transport: string,
    /** Uses plain HTTP. */
    readonly plain: boolean,
    /** Does so because it was asked to. */
    readonly plainHttp: boolean,
    /** Whose password is sent. */
    private readonly username: string | undefined,
    private readonly limits: RegistryLimits,
    private readonly uploads: EngineHost["uploads"],
  ) {}

  /** Sends credentials. */
  get login(): boolean {
    return this.username !== undefined
  }

  /**
   * @param repository a repository in the registry, as the user wrote it
   * @param progress is warned if nothing protects what is sent
   * @throws RunnerImagesError REFERENCE_INVALID, USAGE, BUILD_FAILED (no client) or REGISTRY_FAILED (the service does not start)
   */
  static async open(repository: string, access: RegistryAccess, progress?: Progress): Promise<Registry> {
    const parsed = parseRepository(repository)
    const registry = registryOf(parsed)
    if (!access.registry && parsed.loopback)
      throw new RunnerImagesError(
        "REFERENCE_INVALID",
        `${registry} is on this machine's loopback interface, which the engine cannot reach.`,
        `Pass the registry to the engine: --registry tcp://${registry}.`,
      )
    if ((access.username === undefined) !== (access.password === undefined))
      throw new RunnerImagesError(
        "USAGE",
        `Only one of --username and --password is given for ${registry}.`,
        "Give both, or neither if the registry requires no login.",
      )
    const { engineHost, caBundle, limits = REGISTRY_LIMITS } = access
    const transport = access.registry ? `${ALIAS}:${String(await registryPort(access.registry, parsed))}` : registry
    let client = engineHost.toolbox.withMountedFile(PROGRAM, await registryProgram(engineHost))
    if (caBundle !== undefined)
      client = client
        .withMountedFile(TRUST_BUNDLE, engineHost.uploads.file("ca-certificates.crt", caBundle))
        .withEnvVariable("SSL_CERT_FILE", TRUST_BUNDLE)
    if (access.registry) client = client.withServiceBinding(ALIAS, access.registry)
    // In a file that only exists while a step runs: the password appears in no log, argument, query or layer.
    if (access.password) client = client.withMountedSecret(PASSWORD, access.password)
    const plainHttp = access.plainHttp === true && !access.registry
    if (plainHttp)
      progress?.warn(
        "all platforms",
        `${registry} is used without TLS: whoever is on the way can ${access.password ? "read the password and " : ""}change what is sent`,
      )
    const plain = plainHttp || access.registry !== undefined
    return new Registry(client, registry, transport, plain, plainHttp, access.username, limits, engineHost.uploads)
  }

  /**
   * Finds out whether repositories can be pushed to: each has an upload started, and cancelled.
   *
   * @returns what their tags point to now, by `repository:tag`; those that do not exist are left out
   */
  async check(repositories: readonly TaggedRepository[]): Promise<Map<string, Tagged>> {
    const names = repositories.flatMap(({ repository, tags }) => {
      const path = pathOf(repository)
      return [path, ...tags.map((tag) => `${path}:${tag}`)]
    })
    const action = `check ${repositories.map(({ repository }) => repository).join(", ")}`
    const found = await this.run(action, ["check", ...names], checkSchema, this.limits.request)
    return new Map(
      found.repositories.flatMap(({ repository, tags }) =>
        Object.entries(tags).flatMap(([tag, tagged]): [string, Tagged][] =>
          tagged ? [[`${this.registry}/${repository}:${tag}`, tagged]] : [],
        ),
      ),
    )
  }

  /**
   * Pushes images and what refers to them in one step, by digest only, and reads everything back. Blobs that a repository has are not
   * uploaded, and blobs of another repository are mounted. Each repository gets its index last, once all others have everything else.
   *
   * @param siblings other repositories of the registry that may have blobs
   * @returns what was done, in the same order
   */
  async push(images: readonly PushedImage[], siblings: readonly string[] = []): Promise<Pushed[]> {
    const layouts = images.map((_, place) => `${LAYOUTS}/${String(place)}`)
    const plan = pushPlan(
      images.map((image, place) => ({ ...image, layout: layouts[place] ?? "" })),
      siblings,
    )
    const client = images.reduce(
      (container, { layout }, place) => container.withMountedDirectory(layouts[place] ?? "", layout),
      this.client.withMountedDirectory(PLAN, this.uploads.directory(plan)),
    )
    const action = `push ${images.map(({ repository, index }) => `${repository}@${index}`).join(", ")}`
    const words = ["push", `${PLAN}/${PLAN_FILE}`]
    return (await this.run(action, words, pushSchema, this.limits.transfer, client)).repositories
  }

  /** What {@link push} did to a repository. */
  text(pushed: Pushed): string {
    return pushedText(this.registry, pushed)
  }

  /** Tags an image that is already in the repository, and reads the tag back. */
  async tag(repository: string, digest: string, tag: string): Promise<void> {
    const words = ["tag", pathOf(repository), digest, tag]
    await this.run(`tag ${repository}:${tag}`, words, doneSchema, this.limits.request)
  }

  /** Copies an image and what refers to it from one repository of the registry to another, by digest only. */
  async copy(from: string, to: string, digest: string): Promise<Pushed | undefined> {
    const words = ["copy", pathOf(from), pathOf(to), digest]
    const { repositories } = await this.run(`copy ${from}@${digest} to ${to}`, words, pushSchema, this.limits.transfer)
    return repositories[0]
  }

  /**
   * The bytes of an index or manifest, as text, straight from the registry.
   *
   * @param name `@sha256:…` or `:tag`
   */
  async manifest(repository: string, name: string): Promise<string> {
    const found = await this.manifests(repository, [name], [])
    const content = found[0]?.content
    if (content === undefined) throw new Error(`no manifest for ${repository}${name}`)
    return content
  }

  /**
   * The digests that tags point to now, in the same order; undefined if there is no such tag.
   *
   * @param seconds the time limit, if shorter than that of other requests
   */
  async digests(
    repository: string,
    tags: readonly string[],
    seconds = this.limits.request,
  ): Promise<(string | undefined)[]> {
    if (tags.length === 0) return []
    const names = tags.map((tag) => `:${tag}`)
    const found = await this.manifests(repository, names, ["-optional"], Math.min(seconds, this.limits.request))
    return found.map((manifest) => manifest?.digest)
  }

  /** What a tag points to after setting it failed. Never throws. */
  async settle(repository: string, tag: string): Promise<Named> {
    try {
      const [digest] = await this.digests(repository, [tag], this.limits.settle)
      return { digest }
    } catch {
      return "unknown" // The caller reports the earlier failure.
    }
  }

  /** As {@link manifest}; undefined if there is none. */
  async find(repository: string, name: string): Promise<string | undefined> {
    return (await this.manifests(repository, [name], ["-optional"]))[0]?.content
  }

  private async manifests(
    repository: string,
    names: readonly string[],
    flags: readonly string[],
    seconds = this.limits.request,
  ) {
    const words = [...flags, "manifest", pathOf(repository), ...names]
    const action = `read ${names.map((name) => `${repository}${name}`).join(", ")}`
    return (await this.run(action, words, manifestsSchema, seconds)).manifests
  }

  /**
   * The same registry, after much of a repository was read in one step: what some names lead to, with what it consists of, what is about it, and where
   * its tags were before.
   *
   * @param names `@sha256:…` or `:tag`; none for all tags
   */
  async readAhead(repository: string, names: readonly string[] = []): Promise<ReadAhead> {
    const flags = ["-contents", REPORT_MEDIA_TYPE, "-records", TAG_MOVE_TYPE]
    const action = `read ${names.length === 0 ? repository : names.map((name) => `${repository}${name}`).join(", ")}`
    const words = [...flags, "survey", pathOf(repository), ...names]
    return new ReadAhead(this, repository, await this.run(action, words, surveySchema, this.limits.transfer))
  }

  /** All tags, those included that list referrers. None if there is no such repository. */
  async tags(repository: string): Promise<string[]> {
    const words = ["tags", pathOf(repository)]
    return (await this.run(`list the tags of ${repository}`, words, tagsSchema, this.limits.request)).tags
  }

  /** What refers to a manifest, by the registry's API and by the tag that takes its place. */
  async referrers(repository: string, digest: string): Promise<ReferrerDescriptor[]> {
    const words = ["referrers", pathOf(repository), digest]
    const action = `list the referrers of ${repository}@${digest}`
    return (await this.run(action, words, referrersSchema, this.limits.request)).referrers
  }

  /** The text of a blob, such as a configuration or evidence. */
  async blob(repository: string, digest: string): Promise<string> {
    const words = ["blob", pathOf(repository), digest]
    return (await this.run(`read ${repository}@${digest}`, words, blobSchema, this.limits.request)).content
  }

  /** Deletes a tag and nothing else: the image stays, under its digest and its other tags. */
  async deleteTag(repository: string, tag: string): Promise<void> {
    const words = ["delete-tag", pathOf(repository), tag]
    await this.run(`delete the tag ${repository}:${tag}`, words, doneSchema, this.limits.request)
  }

  /** Pushes something about an image that the repository has. */
  async attach(repository: string, referrer: Referrer): Promise<void> {
    const plan = pushPlan([{ repository, index: referrer.subject, referrers: [referrer] }], [])
    const client = this.client.withMountedDirectory(PLAN, this.uploads.directory(plan))
    const action = `push what is about ${repository}@${referrer.subject}`
    await this.run(action, ["push", `${PLAN}/${PLAN_FILE}`], pushSchema, this.limits.request, client)
  }

  /** Deletes a manifest, and all tags that point to it. Lists of referrers stay as they are; what is gone already is no error. */
  async delete(repository: string, digest: string): Promise<void> {
    const words = ["-alone", "delete", pathOf(repository), digest]
    await this.run(`delete ${repository}@${digest}`, words, doneSchema, this.limits.request)
  }

  /** An image's platform as an OCI archive, for {@link Container.import}. `name` is `@sha256:…` or `:tag`. */
  async pull(repository: string, name: string, platform: PlatformName): Promise<File> {
    const words = ["-platform", platform, "-archive", ARCHIVE, "layout", pathOf(repository), name, COPY]
    const pulled = await this.execute(`pull ${repository}${name}`, words, this.limits.transfer)
    return pulled.file(ARCHIVE)
  }

  /** An index and everything below it as an OCI image layout, unchanged. `name` is `@sha256:…` or `:tag`. */
  async layout(repository: string, name: string): Promise<Directory> {
    const words = ["layout", pathOf(repository), name, COPY]
    const copied = await this.execute(`copy ${repository}${name}`, words, this.limits.transfer)
    return copied.directory(COPY)
  }

  /**
   * What is needed to verify an image without its layers, as an OCI image layout: manifests, configurations and all that refers to them. `name` is
   * `@sha256:…` or `:tag`.
   */
  async evidence(repository: string, name: string): Promise<Directory> {
    const words = ["evidence", pathOf(repository), name, COPY]
    const read = await this.execute(`read what is attached to ${repository}${name}`, words, this.limits.transfer)
    return read.directory(COPY)
  }

  private async run<S extends z.ZodType>(
    action: string,
    words: readonly string[],
    schema: S,
    seconds: number,
    client = this.client,
  ): Promise<z.infer<S>> {
    const done = await this.execute(action, words, seconds, client)
    return schema.parse(JSON.parse(await done.stdout()))
  }

  /** @param seconds the total time limit; silence has a separate limit */
  private async execute(
    action: string,
    words: readonly string[],
    seconds: number,
    client = this.client,
  ): Promise<Container> {
    const flags = [
      ...["-registry", this.transport],
      ...(this.plain ? ["-plain-http"] : []),
      ...(this.username === undefined ? [] : ["-username", this.username, "-password-file", PASSWORD]),
      ...["-silence", `${String(Math.min(this.limits.silence, seconds))}s`, "-total", `${String(seconds)}s`],
    ]
    try {
      // A new value makes a new step, so that the engine cannot answer from its cache.
      return await client
        .withEnvVariable("RUNNER_IMAGES_NONCE", randomUUID())
        .withExec([PROGRAM, ...flags, ...words])
        .sync()
    } catch (error) {
      if (!(error instanceof ExecError)) throw error
      const named = (text: string) => text.replaceAll(this.transport, this.registry)
      throw registryError(action, readRegistryFailure(named(error.stdout), named(error.stderr)), this, error)
    }
  }
}

/** The port of the service that the user named, or its only one. */
async function registryPort(service: Service, repository: Repository): Promise<number> {
  const registry = registryOf(repository)
  let port: number | number[]
  try {
    port = await servicePort(service, repository.port)
  } catch (cause) {
    throw new RunnerImagesError(
      "REGISTRY_FAILED",
      `The registry ${registry} does not answer.`,
      "Start it, or check its port.",
      { cause },
    )
  }
  if (typeof port === "number") return port
  throw new RunnerImagesError(
    "REFERENCE_INVALID",
    `The registry service has the ports ${port.join(", ")}, but ${registry} names none of them.`,
    "Add the port to the repository's name.",
  )
}
