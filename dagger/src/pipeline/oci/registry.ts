import { dag, ExecError, type Container, type Directory, type File, type Secret, type Service } from "@dagger.io/dagger"
import { randomUUID } from "node:crypto"
import { setTimeout } from "node:timers/promises"
import { RunnerImagesError } from "../../core/errors.js"
import type { PlatformName } from "../../core/platforms.js"
import { parseRepository, type Repository } from "../../core/text/reference.js"
import { digestOf } from "../../core/oci/documents.js"
import { isNotThere, registryError } from "../../core/oci/registry-error.js"
import { REGISTRY_LIMITS, type RegistryLimits } from "../../core/oci/registry-limits.js"
import type { Named } from "../../core/oci/tag-moves.js"
import { script } from "../engine/script.js"
import type { Uploads } from "../engine/uploads.js"
import { servicePort } from "../engine/service.js"

/** How the engine reaches a registry. */
export interface RegistryAccess {
  /** A registry that only the caller can reach, for example on the host's loopback interface. */
  registry?: Service
  username?: string
  password?: Secret
  /** The text of the certificate authorities to trust. Mounted, never in a layer. */
  caBundle?: string
  uploads: Uploads
  /** A container of the engine's own platform, with skopeo or with apt to install it. */
  tools: Container
  /** The registry's timeouts; defaults to {@link REGISTRY_LIMITS}. */
  limits?: RegistryLimits
}

/** The bound service's host name in the client's container. */
const ALIAS = "registry"
const LAYOUT = "/run/layout"
const ARCHIVE = "/run/image.tar"
const COPY = "/run/copy"
const CREDENTIALS = "/run/credentials.json"
const LIMITED = "/run/limited.sh"
const TRUST_BUNDLE = "/run/ca-certificates.crt"

/** Seconds to wait before retrying to read a manifest that should exist. */
const RETRY_DELAYS = [1, 2, 4, 8]

/**
 * A registry, accessed with skopeo in a container. Callers only see repositories under the names that users gave; the
 * address that the container uses stays internal. No operation is ever answered from a cache.
 */
export class Registry {
  private constructor(
    private readonly client: Container,
    private readonly registry: string,
    /** Host and port by which the client's container reaches the registry. */
    private readonly transport: string,
    /** Uses plain HTTP. */
    readonly plain: boolean,
    private readonly limits: RegistryLimits,
  ) {}

  /**
   * @param repository a repository in the registry, as the user wrote it
   * @throws RunnerImagesError REFERENCE_INVALID, USAGE, BUILD_FAILED (no skopeo) or REGISTRY_FAILED (the service does not start)
   */
  static async open(repository: string, access: RegistryAccess): Promise<Registry> {
    const parsed = parseRepository(repository)
    const registry = authority(parsed)
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
    const transport = access.registry ? `${ALIAS}:${String(await registryPort(access.registry, parsed))}` : registry
    let client = await withSkopeo(access)
    if (access.registry) client = client.withServiceBinding(ALIAS, access.registry)
    if (access.username !== undefined && access.password)
      client = await withCredentials(client, transport, access.username, access.password)
    client = client.withMountedFile(LIMITED, access.uploads.file("limited.sh", script("limited.sh")))
    return new Registry(client, registry, transport, access.registry !== undefined, access.limits ?? REGISTRY_LIMITS)
  }

  /** Pushes a layout's index and everything below it, by digest only. */
  async push(layout: Directory, repository: string, digest: string): Promise<void> {
    await this.run(
      `push ${repository}@${digest}`,
      ["copy", "--all", "--preserve-digests", ...this.tls("dest")],
      [`oci:${LAYOUT}`, this.reference(repository, `@${digest}`)],
      this.limits.transfer,
      this.client.withMountedDirectory(LAYOUT, layout),
    )
  }

  /** Tags an image that is already in the repository. */
  async tag(repository: string, digest: string, tag: string): Promise<void> {
    const destination = this.reference(repository, `:${tag}`)
    await this.copyWithin(`tag ${repository}:${tag}`, repository, digest, destination, this.limits.request)
  }

  /** Copies an image from one repository of the registry to another, by digest only. */
  async copy(from: string, to: string, digest: string): Promise<void> {
    const destination = this.reference(to, `@${digest}`)
    await this.copyWithin(`copy ${from} to ${to}@${digest}`, from, digest, destination, this.limits.transfer)
  }

  private async copyWithin(
    action: string,
    repository: string,
    digest: string,
    destination: string,
    seconds: number,
  ): Promise<void> {
    await this.run(
      action,
      ["copy", "--all", "--preserve-digests", ...this.tls("src"), ...this.tls("dest")],
      [this.reference(repository, `@${digest}`), destination],
      seconds,
    )
  }

  /**
   * The bytes of an index or manifest, as text, straight from the registry.
   *
   * @param name `@sha256:…` or `:tag`
   * @param delays seconds to wait before each retry if it should exist but is missing
   */
  async manifest(repository: string, name: string, delays: readonly number[] = RETRY_DELAYS): Promise<string> {
    for (const seconds of [...delays, undefined]) {
      try {
        return await this.read(repository, name, this.limits.request)
      } catch (error) {
        // In some registries it takes a moment until a pushed image can be read everywhere.
        if (seconds === undefined || !(error instanceof RunnerImagesError) || !isNotThere(error.problem)) throw error
        await setTimeout(seconds * 1000)
      }
    }
    throw new Error("not reached")
  }

  /**
   * The digest that a tag points to now, undefined if there is no such tag. Does not retry.
   *
   * @param seconds the time limit, if shorter than that of other requests
   */
  async digest(repository: string, tag: string, seconds = this.limits.request): Promise<string | undefined> {
    try {
      return digestOf(await this.read(repository, `:${tag}`, Math.min(seconds, this.limits.request)))
    } catch (error) {
      if (error instanceof RunnerImagesError && isNotThere(error.problem)) return undefined
      throw error
    }
  }

  /** What a tag points to after setting it failed. Never throws. */
  async settle(repository: string, tag: string): Promise<Named> {
    try {
      return { digest: await this.digest(repository, tag, this.limits.settle) }
    } catch {
      return "unknown" // The caller reports the earlier failure.
    }
  }

  private read(repository: string, name: string, seconds: number): Promise<string> {
    const words = ["inspect", "--raw", ...this.tls()]
    return this.run(`read ${repository}${name}`, words, [this.reference(repository, name)], seconds)
  }

  /** An image's platform as an OCI archive, for {@link Container.import}. `name` is `@sha256:…` or `:tag`. */
  async pull(repository: string, name: string, platform: PlatformName): Promise<File> {
    const [os = "", arch = ""] = platform.split("/")
    const pulled = await this.execute(
      `pull ${repository}${name}`,
      ["copy", "--override-os", os, "--override-arch", arch, ...this.tls("src")],
      [this.reference(repository, name), `oci-archive:${ARCHIVE}`],
      this.limits.transfer,
    )
    return pulled.file(ARCHIVE)
  }

  /** An index and everything below it as an OCI image layout, unchanged. `name` is `@sha256:…` or `:tag`. */
  async layout(repository: string, name: string): Promise<Directory> {
    const copied = await this.execute(
      `copy ${repository}${name}`,
      ["copy", "--all", "--preserve-digests", ...this.tls("src")],
      [this.reference(repository, name), `oci:${COPY}`],
      this.limits.transfer,
    )
    return copied.directory(COPY)
  }

  private reference(repository: string, name: string): string {
    return `docker://${this.transport}/${parseRepository(repository).path}${name}`
  }

  /** A service is reached through the engine's own network, in plain HTTP. */
  private tls(engineHost?: "src" | "dest"): string[] {
    return this.plain ? [`--${engineHost ? `${engineHost}-` : ""}tls-verify=false`] : []
  }

  private async run(
    action: string,
    options: string[],
    operands: string[],
    seconds: number,
    client = this.client,
  ): Promise<string> {
    return (await this.execute(action, options, operands, seconds, client)).stdout()
  }

  /** @param seconds the total time limit; silence has a separate limit */
  private async execute(
    action: string,
    options: string[],
    operands: string[],
    seconds: number,
    client = this.client,
  ): Promise<Container> {
    const [command = "", ...flags] = options
    const limits = [Math.min(this.limits.silence, seconds), seconds].map(String)
    try {
      // A new value makes a new step, so that the engine cannot answer from its cache.
      return await client
        .withEnvVariable("RUNNER_IMAGES_NONCE", randomUUID())
        .withExec(["sh", LIMITED, ...limits, "skopeo", command, "--retry-times", "3", ...flags, ...operands])
        .sync()
    } catch (error) {
      if (!(error instanceof ExecError)) throw error
      throw registryError(action, error.stderr.replaceAll(this.transport, this.registry), error)
    }
  }
}

/** Host and port as the user wrote them. */
function authority({ host, port }: Repository): string {
  return port === undefined ? host : `${host}:${String(port)}`
}

/** The port of the service that the user named, or its only one. */
async function registryPort(service: Service, repository: Repository): Promise<number> {
  const registry = authority(repository)
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

async function withSkopeo({ tools, caBundle, uploads }: RegistryAccess): Promise<Container> {
  // A caller's trust bundle may be mounted over the file that installing ca-certificates writes.
  const packages = caBundle ? "skopeo" : "skopeo ca-certificates"
  const install = `
    command -v skopeo >/dev/null && exit
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends ${packages}`
  try {
    const installed = await tools.withExec(["sh", "-ec", install]).sync()
    return caBundle
      ? installed
          .withMountedFile(TRUST_BUNDLE, uploads.file("ca-certificates.crt", caBundle))
          .withEnvVariable("SSL_CERT_FILE", TRUST_BUNDLE)
      : installed
  } catch (error) {
    if (!(error instanceof ExecError)) throw error
    throw new RunnerImagesError(
      "BUILD_FAILED",
      `skopeo, which pushes images, could not be installed: ${error.stderr.trim().split("\n").at(-1) ?? ""}`,
      "Check that the engine can reach the distribution's package archive, and try again.",
      { cause: error },
    )
  }
}

/** Credentials reach skopeo in a file that only exists while a step runs; they never appear in a log, an argument or a layer. */
async function withCredentials(client: Container, registry: string, username: string, password: Secret) {
  const auth = Buffer.from(`${username}:${await password.plaintext()}`).toString("base64")
  const file = dag.setSecret(`credentials-${registry}`, JSON.stringify({ auths: { [registry]: { auth } } }))
  return client.withMountedSecret(CREDENTIALS, file).withEnvVariable("REGISTRY_AUTH_FILE", CREDENTIALS)
}
