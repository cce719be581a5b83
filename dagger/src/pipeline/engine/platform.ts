import type { Platform } from "@dagger.io/dagger"
import type { PlatformName } from "../../core/platforms.js"

/** Dagger's nominal type for a platform that we have checked. */
export function asPlatform(platform: PlatformName): Platform {
  return platform as string as Platform
}
