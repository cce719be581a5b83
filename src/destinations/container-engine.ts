import { mkdtempSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import type { LayoutImage } from "../../dagger/src/core/oci/layout.js"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import type { VariantName } from "../../dagger/src/core/variants/names.js"
import type { BuiltVariant } from "../../dagger/src/pipeline/image/built-variant.js"
import type { DeliveryContext, Destination } from "../../dagger/src/pipeline/oci/destination.js"
import { writeLoadable } from "../artifacts/loadable.js"
import type { OutputFolder } from "../artifacts/output-folder.js"
import { attempt, exec } from "../host/exec.js"
import { hostPlatform } from "./host-platform.js"

const PROGRAMS = ["docker", "podman"] as const
type Program = (typeof PROGRAMS)[number]

const INFO_MILLISECONDS = 20_000

/** Docker or podman on this host: loads the image for this host's platform from the folder written by FolderDestination. */
export class ContainerEngineDestination implements Destination {
  readonly place = "loaded"

  private constructor(
    private readonly program: Program,
    private readonly platform: PlatformName,
    private readonly output: OutputFolder,
  ) {}

  /**
   * Finds the container engine of this host: Docker if it runs, else podman.
   *
   * @param built the platforms to be built
   * @throws RunnerImagesError USAGE when neither runs, or this host's platform is not among them
   */
  static async find(built: readonly PlatformName[], output: OutputFolder): Promise<ContainerEngineDestination> {
    const platform = hostPlatform(built)
    for (const program of PROGRAMS) {
      // `docker info` alone exits with 0 without a server; a query for the server's version does not.
      const format = program === "docker" ? "{{.ServerVersion}}" : "{{.Version.Version}}"
      const { exitCode, stdout } = await attempt(program, ["info", "--format", format], { timeout: INFO_MILLISECONDS })
      if (exitCode === 0 && stdout.trim() !== "") return new ContainerEngineDestination(program, platform, output)
    }
    throw new RunnerImagesError(
      "USAGE",
      "--load needs Docker or podman, and neither is running on this host.",
      "Start one of them, or leave --load out: skopeo can read the layout in the output folder.",
    )
  }

  async deliver(images: readonly BuiltVariant[], { progress }: DeliveryContext): Promise<Map<string, string>> {
    const loaded = new Map<string, string>()
    for (const { variant, report } of images)
      if (report.index !== undefined)
        loaded.set(
          variant,
          await progress.run("all platforms", `load ${variant}`, () => this.load(variant, report.created)),
        )
    return loaded
  }

  /**
   * @param images the layout's
   * @returns the name of the image, if it is one of these and is loaded already
   */
  async loadedAs(variant: VariantName, images: readonly LayoutImage[]): Promise<string | undefined> {
    const image = images.find(({ config }) => `${config.os}/${config.architecture}` === this.platform)
    const words = ["image", "inspect", "--format", "{{.Id}}", nameOf(variant)]
    const { exitCode, stdout } = await attempt(this.program, words, { timeout: INFO_MILLISECONDS })
    if (exitCode !== 0 || !image) return undefined
    // The digest of the configuration, with or without its algorithm; with containerd's image store that of the manifest.
    const id = stdout.trim().replace(/^sha256:/, "")
    const known = [image.manifest.config.digest, image.digest].includes(`sha256:${id}`)
    return known ? nameOf(variant) : undefined
  }

  private async load(variant: VariantName, created: string): Promise<string> {
    const layout = this.output.of(variant)
    const name = nameOf(variant)
    // Beside the layout, where its blobs can be hard-linked.
    const folder = mkdtempSync(join(dirname(layout), ".load-"))
    try {
      const file = join(folder, "image.tar")
      // podman prefers an OCI layout, whose images have no health check to it.
      const oci = this.program === "docker"
      await writeLoadable(file, {
        layout,
        platform: this.platform,
        name,
        scratch: folder,
        oci,
        time: new Date(created),
      })
      await exec(this.program, ["load", "--input", file])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    return name
  }
}

function nameOf(variant: VariantName): string {
  return `localhost/runner-images:${variant}`
}
