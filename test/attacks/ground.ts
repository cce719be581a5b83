import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import { ensureOciTools } from "../e2e/oci-tools.js"
import { platformImages } from "../lifecycle/platform-images.js"
import type { Extent } from "./attacks.js"
import { hostileProgram } from "./hostile-program.js"
import type { Ground } from "./run-attack.js"

/** Images and hostile programs of platforms. */
export interface Grounds {
  of(platform: PlatformName): Ground
  remove(): Promise<void>
}

/** Brings about all that attacks on these platforms need. */
export async function grounds(platforms: readonly PlatformName[], extent: Extent): Promise<Grounds> {
  await ensureOciTools()
  const folder = await mkdtemp(join(tmpdir(), "runner-images-attacks-"))
  const images = await platformImages(platforms)
  const programs = new Map<PlatformName, string>()
  for (const platform of platforms) programs.set(platform, await hostileProgram(platform, folder))
  return {
    of: (platform) => ({ image: images.image(platform), program: programs.get(platform) ?? "", extent }),
    remove: async () => {
      await rm(folder, { recursive: true, force: true })
      await images.remove()
    },
  }
}
