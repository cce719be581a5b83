import type { Directory } from "@dagger.io/dagger"
import { allSettled } from "../../core/progress/all-settled.js"
import type { Progress } from "../../core/progress/progress.js"
import { readLayout, type LayoutReader } from "../../core/oci/layout.js"
import { blobPath } from "../../core/oci/documents.js"
import {
  compareLayouts,
  differentPairs,
  parseLayerContents,
  withContents,
  type LayerContents,
  type LayerPair,
  type Reproduction,
} from "../../core/reproduce/reproduction.js"
import type { BuildRequest } from "../../core/request/request.js"
import { finishVariant } from "../build.js"
import type { EngineHost } from "../engine/engine-host.js"
import { prepareBuild, type BuildInputs } from "../image/build-context.js"
import { PlatformImages } from "../image/platform-image.js"
import { layoutOf } from "../oci/finish.js"

/** The image to be compared with. */
export interface Original {
  /** The digest of its index. */
  index: string
  /** Reads a document of its layout. Only called if the digests differ. */
  read: LayoutReader
  /** A folder that has at least these of the layout's files. */
  files: (paths: readonly string[]) => Directory | Promise<Directory>
}

/** Finds the original, with what the build has of the engine. Called before anything is built. */
export type FindOriginal = (engineHost: EngineHost) => Original | Promise<Original>

/**
 * Builds an image again and compares the digests. If they differ, finds out in which file of which layer. Checks are not run: they say
 * nothing about the bytes.
 *
 * @param request the build of one variant, with the original's lock
 */
export async function reproduce(
  find: FindOriginal,
  request: BuildRequest,
  inputs: BuildInputs,
  progress: Progress,
): Promise<Reproduction> {
  const run = await prepareBuild(request, inputs, progress)
  const original = await find(run.engineHost)
  const plan = run.plan.variants.find(({ variant }) => request.variants.includes(variant))
  if (!plan) throw new Error("one variant is reproduced")
  const images = new PlatformImages(run)
  const built = await allSettled(plan.platforms.map((platform) => images.image(plan, platform)))
  const finished = await progress.run("all platforms", "finish", () => finishVariant(run, plan, built))
  const rebuilt = await readLayout((path) => Promise.resolve(finished.files.get(path) ?? ""))
  const names = (platform: string, place: number) =>
    built.find(({ context }) => context.platform === platform)?.layers[place] ?? "without a name"
  if (finished.index === original.index) return compareLayouts(plan.variant, rebuilt, rebuilt, names)
  return progress.run("all platforms", "compare", async () => {
    const found = compareLayouts(plan.variant, await readLayout(original.read), rebuilt, names)
    const pairs = differentPairs(found)
    if (pairs.length === 0) return found
    const before = await original.files(pairs.map((pair) => blobPath(pair.original)))
    return withContents(found, await compareLayers(run.engineHost, before, layoutOf(finished, run.engineHost), pairs))
  })
}

/** Says in which files layers differ. The folders are layouts that have them. */
export async function compareLayers(
  { toolboxWith, uploads }: Pick<EngineHost, "toolboxWith" | "uploads">,
  original: Directory,
  rebuilt: Directory,
  pairs: readonly LayerPair[],
): Promise<LayerContents[]> {
  const output = await toolboxWith("compare-layers.py")
    .withMountedDirectory("/original", original)
    .withMountedDirectory("/rebuilt", rebuilt)
    .withMountedDirectory("/pairs", uploads.directory({ "pairs.json": JSON.stringify(pairs) }))
    .withExec([
      "python3",
      "/plan/compare-layers.py",
      ...["/original", "/rebuilt"].map((folder) => `${folder}/blobs/sha256`),
      "/pairs/pairs.json",
    ])
    .stdout()
  return parseLayerContents(output)
}
