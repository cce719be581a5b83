import { connection, dag, type Container } from "@dagger.io/dagger"
import { expect } from "vitest"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import type { Side } from "../../dagger/src/pipeline/acceleration.js"
import { native, type Native } from "../../dagger/src/pipeline/native.js"
import {
  download,
  installPackages,
  readArchive,
  resolvePackages,
  type InstalledPackages,
  type PackageInstall,
} from "../../dagger/src/pipeline/packages.js"
import { asPlatform } from "../../dagger/src/pipeline/platform.js"
import { script } from "../../dagger/src/pipeline/script.js"
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

/** Packages of the distribution on a bare base image. */
export async function archived(
  side: Native,
  platform: PlatformName,
  names: readonly string[],
): Promise<PackageInstall> {
  const archive = await readArchive(side, new Date().toISOString().slice(0, "2000-01-01".length))
  const { packages, automatic } = await resolvePackages(side, archive, platform, names)
  const debs = download(side, packages)
  return { platform, root: rootOf(side, platform), debs, packages, automatic, dpkgConfig: "" }
}

/** Every path of a root with all that it is, but for its times. */
async function manifest(side: Native, { container }: InstalledPackages): Promise<string[]> {
  const lines = await side.toolbox
    .withExec(["sh", "-c", "apt-get update -qq && apt-get install -y -qq attr >/dev/null"])
    .withNewFile("/manifest.mjs", script("file-manifest.mjs"))
    .withMountedDirectory("/target", container.rootfs())
    .withExec(["node", "/manifest.mjs", "/target"])
    .stdout()
  return lines.trim().split("\n")
}

/** Lines of two roots' manifests that only one of them has. */
export async function differences(side: Native, one: InstalledPackages, other: InstalledPackages): Promise<string[]> {
  const [first, second] = [await manifest(side, one), await manifest(side, other)]
  expect(first.length).toBeGreaterThan(5000)
  const [here, there] = [new Set(first), new Set(second)]
  return [
    ...first.filter((line) => !there.has(line)).map((line) => `- ${line}`),
    ...second.filter((line) => !here.has(line)).map((line) => `+ ${line}`),
  ]
}

export function foreignOf(side: Side): PlatformName {
  const foreign = BOTH.find((platform) => platform !== side.platform)
  if (!foreign) throw new Error("there is no foreign platform")
  return foreign
}

export interface BothRoads {
  roads: Pick<InstalledPackages, "road" | "reason">[]
  differences: string[]
}

/** Installs packages on the foreign platform both ways, and compares the roots. */
export async function bothRoads(side: Native, names: readonly string[]): Promise<BothRoads> {
  const install = await archived(side, foreignOf(side), names)
  const twin = installPackages(side, await archived(side, side.platform, names))
  const accelerated = await installPackages(side, install, twin)
  const emulated = await installPackages(side, install)
  const roads = [accelerated, emulated].map(({ road, reason }) => ({
    road,
    ...(reason === undefined ? {} : { reason }),
  }))
  return { roads, differences: await differences(side, emulated, accelerated) }
}
