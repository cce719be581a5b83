import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { create } from "tar"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { readLayout, type LayoutImage } from "../../dagger/src/core/oci/layout.js"
import { blobPath, LAYOUT_VERSION, MEDIA_TYPE } from "../../dagger/src/core/oci/documents.js"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import type { VariantName } from "../../dagger/src/core/variants/names.js"
import { attempt, exec } from "../host/exec.js"
import { hostPlatform } from "./host-platform.js"
import { linkOrCopy } from "./reuse.js"

const ENGINES = ["docker", "podman"] as const
type ContainerEngine = (typeof ENGINES)[number]

const INFO_MILLISECONDS = 20_000

/** The name that a variant gets in the container engine. */
export function loadedName(variant: VariantName): string {
  return `localhost/runner-images:${variant}`
}

/** Puts images for this host into Docker or podman. */
export class ImageLoader {
  private constructor(
    private readonly engine: ContainerEngine,
    private readonly platform: PlatformName,
  ) {}

  /**
   * Finds the container engine of this host: Docker if it runs, else podman.
   *
   * @param built the platforms that are going to be built
   * @throws RunnerImagesError USAGE when neither runs, or this host's platform is not among them
   */
  static async find(built: readonly PlatformName[]): Promise<ImageLoader> {
    const platform = hostPlatform(built)
    for (const engine of ENGINES) {
      // `docker info` alone ends with 0 without a server; asking for a fact of the server does not.
      const format = engine === "docker" ? "{{.ServerVersion}}" : "{{.Version.Version}}"
      const { exitCode, stdout } = await attempt(engine, ["info", "--format", format], { timeout: INFO_MILLISECONDS })
      if (exitCode === 0 && stdout.trim() !== "") return new ImageLoader(engine, platform)
    }
    throw new RunnerImagesError(
      "USAGE",
      "--load needs Docker or podman, and neither runs on this host.",
      "Start one of them, or leave --load out: skopeo reads the layout in the output folder.",
    )
  }

  /**
   * Loads this host's image of an OCI layout.
   *
   * @returns the name under which it can be run
   */
  async load(layout: string, variant: VariantName): Promise<string> {
    const name = loadedName(variant)
    // Beside the layout, where hard links to its blobs can be made.
    const folder = mkdtempSync(join(dirname(layout), ".load-"))
    try {
      const file = join(folder, "image.tar")
      await writeLoadable(layout, this.platform, name, file)
      await exec(this.engine, ["load", "--input", file])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    return name
  }
}

/**
 * Writes one image of an OCI layout as a tar that every Docker and podman reads: neither takes an archive with two
 * platforms, and Docker before version 25 reads only `manifest.json`. Leaves links to the blobs beside the file.
 */
export async function writeLoadable(layout: string, platform: PlatformName, name: string, file: string): Promise<void> {
  const { images } = await readLayout((path) => readFile(join(layout, path), "utf8"))
  const image = images.find(({ config }) => `${config.os}/${config.architecture}` === platform)
  if (!image) throw new Error(`${layout} has no image for ${platform}`)
  const folder = dirname(file)
  await create({ cwd: folder, file, portable: true }, gather(layout, image, name, folder))
}

function gather(layout: string, { digest, manifest }: LayoutImage, name: string, folder: string): string[] {
  const digests = [digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)]
  const blobs = [...new Set(digests)].map(blobPath)
  for (const blob of blobs) {
    mkdirSync(dirname(join(folder, blob)), { recursive: true })
    linkOrCopy(join(layout, blob), join(folder, blob))
  }
  const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name }
  const { size } = statSync(join(layout, blobPath(digest)))
  const index = { schemaVersion: 2, manifests: [{ mediaType: MEDIA_TYPE.manifest, digest, size, annotations }] }
  const docker = [
    {
      Config: blobPath(manifest.config.digest),
      RepoTags: [name],
      Layers: manifest.layers.map((layer) => blobPath(layer.digest)),
    },
  ]
  const files = {
    "oci-layout": LAYOUT_VERSION,
    "index.json": JSON.stringify(index),
    "manifest.json": JSON.stringify(docker),
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
  return [...Object.keys(files), ...blobs]
}
