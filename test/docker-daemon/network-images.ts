import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { platformOfNodeArch } from "../../dagger/src/core/platforms.js"
import { answer, commandLine } from "../e2e/entry-points.js"
import { removeAtExit } from "../lifecycle/leftovers.js"
import type { Example } from "../other-images/read-other-images.js"
import type { DockerDaemon } from "./docker-daemon.js"

/** The images by their names for Docker, each of which has a folder of that name, an OCI layout. */
const IMAGES = ["standard", "standard-root", "chrome", "chrome-go"] as const
type ImageName = (typeof IMAGES)[number]

/** What is built at once: variants with or without root. */
const BUILDS = [
  { options: ["--variants", "standard,chrome,chrome-go"], images: ["standard", "chrome", "chrome-go"] },
  { options: ["--variants", "standard", "--root"], images: ["standard-root"] },
] as const

/** The image that an example is tried with: the flavour that starts as that other image's does. */
export function imageOf({ variant, root }: Example): string {
  return root ? `${variant}-root` : variant
}

/**
 * Brings the images for this machine into a Docker daemon: those of the folder RUNNER_IMAGES_COMPOSE_LAYOUTS, `standard`, `standard-root` …, as far
 * as it has them, or all of them, newly built.
 *
 * @returns the names of those that are there
 */
export async function loadImages(daemon: DockerDaemon): Promise<ReadonlySet<string>> {
  const given = process.env.RUNNER_IMAGES_COMPOSE_LAYOUTS
  const layouts = given === undefined ? await build() : { of: (name: ImageName) => join(given, name) }
  const found = IMAGES.filter((name) => existsSync(join(layouts.of(name), "index.json")))
  for (const name of found) await daemon.load(layouts.of(name), name)
  await layouts.remove?.()
  return new Set(found)
}

interface Layouts {
  readonly of: (name: ImageName) => string
  readonly remove?: () => Promise<void>
}

async function build(): Promise<Layouts> {
  const folder = await mkdtemp(join(tmpdir(), "runner-images-compose-layouts-"))
  const forget = removeAtExit(folder)
  const platform = platformOfNodeArch(process.arch)
  if (platform === undefined) throw new Error(`no image is for ${process.arch}`)
  const places = new Map<string, string>()
  for (const [index, { options, images }] of BUILDS.entries()) {
    const output = join(folder, String(index))
    answer(await commandLine("build", ...options, "--platforms", platform, "--sources", "registry", "--output", output))
    for (const name of images) places.set(name, join(output, name.replace("-root", "")))
  }
  return {
    of: (name) => places.get(name) ?? "",
    remove: async () => {
      await rm(folder, { recursive: true, force: true })
      forget()
    },
  }
}
