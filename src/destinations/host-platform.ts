import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { platformOfNodeArch, type PlatformName } from "../../dagger/src/core/platforms.js"

/** The platform of this host, which must be one of those that are built. Throws USAGE otherwise. */
export function hostPlatform(built: readonly PlatformName[], arch: string = process.arch): PlatformName {
  const platform = platformOfNodeArch(arch)
  if (platform === undefined)
    throw new RunnerImagesError("USAGE", `--load: no image is built for this host (${arch}).`, "Leave --load out.")
  if (!built.includes(platform))
    throw new RunnerImagesError(
      "USAGE",
      `--load needs an image for this host, ${platform}, but --platforms does not include it.`,
      `Add ${platform} to --platforms, or leave --load out.`,
    )
  return platform
}
