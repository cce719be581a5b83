import { connection, dag, type Container } from "@dagger.io/dagger"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import type { EngineHostRoot } from "../../dagger/src/pipeline/packages/acceleration.js"
import { packageInstall } from "../../dagger/src/pipeline/image/image.js"
import { openEngineHost, type EngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { resolvePackages, type PackageInstall } from "../../dagger/src/pipeline/packages/packages.js"
import { asPlatform } from "../../dagger/src/pipeline/engine/platform.js"
import { BOTH } from "./images.js"
import { hostUploads } from "../../src/session/host-uploads.js"

/** Works in a session; what is found wrong is judged outside, since the client hides what its function throws. */
export async function inSession<T>(work: (engineHost: EngineHost) => Promise<T>): Promise<T> {
  const results: T[] = []
  await connection(async () => {
    results.push(await work(await openEngineHost(hostUploads())))
  })
  return results[0] as T
}

export const rootOf = (engineHost: EngineHost, platform: PlatformName): Container =>
  dag.container({ platform: asPlatform(platform) }).from(engineHost.base)

/** Packages of the distribution on a bare base image, as images have them. */
export async function archived(
  engineHost: EngineHost,
  platform: PlatformName,
  names: readonly string[],
): Promise<PackageInstall> {
  return packageInstall(
    engineHost,
    platform,
    await resolvePackages(engineHost, engineHost.archive, platform, names, engineHost.root(platform)),
  )
}

export function foreignOf(engineHost: EngineHostRoot): PlatformName {
  const foreign = BOTH.find((platform) => platform !== engineHost.platform)
  if (!foreign) throw new Error("there is no foreign platform")
  return foreign
}
