import { connection, dag, type Container } from "@dagger.io/dagger"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import type { Side } from "../../dagger/src/pipeline/packages/acceleration.js"
import { packageInstall } from "../../dagger/src/pipeline/image/image.js"
import { native, type Native } from "../../dagger/src/pipeline/engine/native.js"
import {
  readArchive,
  resolvePackages,
  type Archive,
  type PackageInstall,
} from "../../dagger/src/pipeline/packages/packages.js"
import { asPlatform } from "../../dagger/src/pipeline/engine/platform.js"
import { BOTH } from "./images.js"

/** Works in a session; what is found wrong is judged outside, since the client hides what its function throws. */
export async function inSession<T>(work: (side: Native) => Promise<T>): Promise<T> {
  const results: T[] = []
  await connection(async () => {
    results.push(await work(await native(undefined)))
  })
  return results[0] as T
}

export const rootOf = (side: Native, platform: PlatformName): Container =>
  dag.container({ platform: asPlatform(platform) }).from(side.base)

/** Packages of the distribution on a bare base image, as images have them. */
export async function archived(
  side: Native,
  platform: PlatformName,
  names: readonly string[],
): Promise<PackageInstall> {
  return packageInstall(
    side,
    platform,
    await resolvePackages(side, await archiveOf(side), platform, names, side.root(platform)),
  )
}

export function archiveOf(side: Native): Promise<Archive> {
  return readArchive(side, new Date().toISOString().slice(0, "2000-01-01".length))
}

export function foreignOf(side: Side): PlatformName {
  const foreign = BOTH.find((platform) => platform !== side.platform)
  if (!foreign) throw new Error("there is no foreign platform")
  return foreign
}
