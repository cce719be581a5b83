import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import { removeAtExit } from "./leftovers.js"
import { answer, commandLine } from "../e2e/entry-points.js"

/** A layout to test, and how to be rid of it. */
export interface BuiltImage {
  readonly layout: string
  remove(): Promise<void>
}

/** The layout that RUNNER_IMAGES_LIFECYCLE_LAYOUT names, or the standard image, built for the platforms. */
export async function builtImage(platforms: readonly PlatformName[]): Promise<BuiltImage> {
  const given = process.env.RUNNER_IMAGES_LIFECYCLE_LAYOUT
  if (given !== undefined) return { layout: given, remove: () => Promise.resolve() }
  const folder = await mkdtemp(join(tmpdir(), "runner-images-lifecycle-layout-"))
  const forget = removeAtExit(folder)
  const words = ["--variants", "standard", "--platforms", platforms.join(","), "--sources", "registry"]
  answer(await commandLine("build", ...words, "--output", folder))
  const remove = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true })
    forget()
  }
  return { layout: join(folder, "standard"), remove }
}
