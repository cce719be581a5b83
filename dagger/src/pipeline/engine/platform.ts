import type { Platform } from "@dagger.io/dagger"
import type { PlatformName } from "../../core/platforms.js"

/** Dagger's nominal type for a validated platform. */
export function asPlatform(platform: PlatformName): Platform {
  return platform as string as Platform
}
