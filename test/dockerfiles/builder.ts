import { connection, dag } from "@dagger.io/dagger"
import { execa } from "execa"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { trustFile } from "../../dagger/src/core/request/trust-files.js"
import { PLATFORMS } from "../../dagger/src/core/platforms.js"
import { DEFAULT_BASE } from "../../dagger/src/core/variants/bases.js"
import { openEngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { hostUploads } from "../../src/session/host-uploads.js"
import { hostTrust } from "../integration/images.js"
import { undoAtExit } from "../lifecycle/leftovers.js"

const SECOND = 1000

/** Starts the daemon. It ends with this process, however that ends. */
function startDaemon(program: string, words: readonly string[]) {
  const options = { all: true, reject: false, stdin: "ignore" } as const
  return execa("setpriv", ["--pdeathsig", "KILL", program, ...words], options)
}

/** A BuildKit of its own, made from its Go module, whose containers share the host's network. */
export class Builder {
  readonly folder = mkdtempSync(join(tmpdir(), "runner-images-buildkit-"))
  #daemon: ReturnType<typeof startDaemon> | undefined
  readonly #forget = undoAtExit(() => {
    this.#daemon?.kill("SIGKILL")
    rmSync(this.folder, { recursive: true, force: true })
  })

  private constructor() {
    // Only by start().
  }

  /** @throws {Error} with the reason, where it cannot be made or started */
  static async start(): Promise<Builder> {
    const builder = new Builder()
    try {
      await builder.#compile()
      await builder.#exportBase()
      await builder.#start()
      return builder
    } catch (error) {
      await builder.close()
      throw error
    }
  }

  async #compile(): Promise<void> {
    if (process.getuid?.() !== 0) throw new Error("BuildKit takes root")
    const env = { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false", GOWORK: "off", GOBIN: this.folder }
    await execa("go", ["install", "-trimpath", "tool"], { cwd: join(import.meta.dirname, "tools"), env })
  }

  /** The base image that the pipeline uses: a machine without Docker Hub has it in the engine. */
  async #exportBase(): Promise<void> {
    await connection(async () => {
      const { root } = await openEngineHost(hostUploads(), hostTrust())
      const tarball = join(this.folder, "base.tar")
      await dag.container().export(tarball, { platformVariants: PLATFORMS.map(root) })
      await execa("mkdir", [this.#base])
      await execa("tar", ["-xf", tarball, "-C", this.#base])
      rmSync(tarball)
    })
  }

  async #start(): Promise<void> {
    const config = join(this.folder, "buildkitd.toml")
    writeFileSync(
      config,
      `root = "${this.folder}/root"\n[worker.oci]\n  gc = false\n[worker.containerd]\n  enabled = false\n`,
    )
    const words = ["--config", config, "--addr", this.#address]
    this.#daemon = startDaemon(join(this.folder, "buildkitd"), words)
    for (const end = performance.now() + 60 * SECOND; performance.now() < end;) {
      if ((await this.#buildctl("debug", "workers")).exitCode === 0) return
      await sleep(200)
    }
    throw new Error("BuildKit does not answer")
  }

  get #address(): string {
    return `unix://${this.folder}/buildkitd.sock`
  }

  get #base(): string {
    return join(this.folder, "base")
  }

  async #buildctl(...words: string[]) {
    const { exitCode, stdout, stderr } = await execa(
      join(this.folder, "buildctl"),
      ["--addr", this.#address, ...words],
      { reject: false, stdin: "ignore" },
    )
    return { exitCode, stdout, stderr }
  }

  /**
   * Builds a Dockerfile for platforms, as `docker buildx build` does, by BuildKit's own frontend: the one that the file names would have to be
   * fetched.
   *
   * @param options of the frontend, such as `build-arg:RUNNER` or `target`
   * @param output an OCI layout to write; nothing is written without it
   * @returns the log
   */
  async build(
    docker: string,
    file: string,
    platforms: readonly string[],
    options: Readonly<Record<string, string>>,
    output?: string,
  ): Promise<string> {
    const digest = (
      await execa("sh", [
        "-c",
        `sed -nE 's/.*"digest": ?"([^"]*)".*/\\1/p' "$0" | head -n 1`,
        join(this.#base, "index.json"),
      ])
    ).stdout
    const trust = trustFile(process.env.SSL_CERT_FILE, existsSync)
    const all = {
      cmdline: "built-in",
      filename: file,
      platform: platforms.join(","),
      [`context:${DEFAULT_BASE}`]: `oci-layout://base@${digest}`,
      ...options,
    }
    const { exitCode, stderr } = await this.#buildctl(
      ...["build", "--frontend", "dockerfile.v0", "--progress", "plain"],
      ...["--local", `context=${docker}`, "--local", `dockerfile=${docker}`, "--oci-layout", `base=${this.#base}`],
      ...(trust === undefined ? [] : ["--secret", `id=ca-bundle,src=${trust}`]),
      ...Object.entries(all).flatMap(([name, value]) => ["--opt", `${name}=${value}`]),
      ...(output === undefined ? [] : ["--output", `type=oci,tar=false,dest=${output}`]),
    )
    if (exitCode !== 0) throw new Error(`BuildKit ended with ${String(exitCode)}\n${stderr.slice(-4000)}`)
    return stderr
  }

  async close(): Promise<void> {
    this.#daemon?.kill("SIGTERM")
    await this.#daemon
    this.#forget()
    // Overlays of it may be mounted still.
    await execa("rm", ["-rf", "--one-file-system", this.folder], { reject: false })
  }
}
