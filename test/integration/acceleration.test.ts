import { connection, dag, type Container, type Directory } from "@dagger.io/dagger"
import { expect, it } from "vitest"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import type { Side, Twin } from "../../dagger/src/pipeline/acceleration.js"
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

/**
 * Few packages that do what scripts of packages do: make users and groups, divert, set capabilities, register alternatives,
 * byte-compile, change owners, wait for triggers.
 */
const PACKAGES = ["adduser", "cron", "iputils-ping", "nano", "openssh-client", "python3-minimal", "sensible-utils"]

/** Works in a session; what is found wrong is judged outside, since the client hides what its function throws. */
async function inSession<T>(work: (side: Native) => Promise<T>): Promise<T> {
  const results: T[] = []
  await connection(async () => {
    results.push(await work(await native(undefined)))
  })
  return results[0] as T
}

const rootOf = (side: Native, platform: PlatformName) =>
  dag.container({ platform: asPlatform(platform) }).from(side.base)

async function archived(side: Native, platform: PlatformName): Promise<PackageInstall> {
  const archive = await readArchive(side, new Date().toISOString().slice(0, "2000-01-01".length))
  const { packages, automatic } = await resolvePackages(side, archive, platform, PACKAGES)
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
async function differences(side: Native, one: InstalledPackages, other: InstalledPackages): Promise<string[]> {
  const [first, second] = [await manifest(side, one), await manifest(side, other)]
  expect(first.length).toBeGreaterThan(5000)
  const [here, there] = [new Set(first), new Set(second)]
  return [
    ...first.filter((line) => !there.has(line)).map((line) => `- ${line}`),
    ...second.filter((line) => !here.has(line)).map((line) => `+ ${line}`),
  ]
}

function foreignOf(side: Side): PlatformName {
  const foreign = BOTH.find((platform) => platform !== side.platform)
  if (!foreign) throw new Error("there is no foreign platform")
  return foreign
}

const twinOf = (side: Side, { container, order }: InstalledPackages): Twin => ({ side, container, order })

/** A package that is nothing but what is given: the platform's own `true` under another name, and a script. */
function ownPackage(side: Native, platform: PlatformName, version: string, postinst: string): PackageInstall {
  const file = `borrowed_${version}.deb`
  const arch = platform.slice("linux/".length)
  const control = `Package: borrowed\nVersion: ${version}\nArchitecture: ${arch}\nMaintainer: Test <test@example.test>\nDescription: test\n`
  const debs: Directory = side.container
    .withFile("/tree/usr/bin/borrowed", rootOf(side, platform).file("/usr/bin/true"))
    .withNewFile("/tree/DEBIAN/control", control)
    .withNewFile("/tree/DEBIAN/postinst", `#!/bin/sh\nset -e\n${postinst}\n`, { permissions: 0o755 })
    .withExec(["sh", "-c", `mkdir /debs && dpkg-deb --root-owner-group --build /tree /debs/${file}`])
    .directory("/debs")
  const root: Container = rootOf(side, platform)
  return { platform, root, debs, packages: [{ name: "borrowed", file }], automatic: [], dpkgConfig: "" }
}

it("native programs make the same root as emulated ones", async () => {
  const found = await inSession(async (side) => {
    const platform = foreignOf(side)
    const install = await archived(side, platform)
    const twin = twinOf(side, await installPackages(side, await archived(side, side.platform)))
    const accelerated = await installPackages(side, install, twin)
    const emulated = await installPackages(side, install)
    const roads = [accelerated, emulated].map(({ road, reason }) => ({ road, reason }))
    return { roads, differences: await differences(side, emulated, accelerated) }
  })
  expect(found).toEqual({ roads: [{ road: "accelerated" }, { road: "emulated" }], differences: [] })
})

it("knows no direction: with the roles exchanged, it installs the engine's own platform by foreign programs", async () => {
  const found = await inSession(async (side) => {
    const foreign = foreignOf(side)
    const exchanged: Side = { platform: foreign, container: rootOf(side, foreign) }
    const install = await archived(side, side.platform)
    const plain = await installPackages(side, install)
    const twin = twinOf(exchanged, await installPackages(side, await archived(side, foreign)))
    const { road, reason, ...accelerated } = await installPackages(exchanged, install, twin)
    return { road, reason, differences: await differences(side, plain, { road, ...accelerated }) }
  })
  expect(found).toEqual({ road: "accelerated", differences: [] })
})

it.each([
  {
    what: "a script that fails when native programs help",
    versions: ["1-1", "1-1"],
    postinst: "[ ! -e /native ]",
    reason: /^dpkg --configure failed$/,
  },
  {
    what: "a twin of another source version",
    versions: ["1-1", "2-1"],
    postinst: ":",
    reason: /^the twin has other versions than the root: borrowed 1-1 and 2-1$/,
  },
  {
    what: "a script that leaves a path of the twin behind",
    versions: ["1-1", "1-1"],
    postinst: "command -v sed > /etc/borrowed",
    reason: /^files name the twin: \/etc\/borrowed$/,
  },
  {
    what: "a script that leaves a link to the twin behind",
    versions: ["1-1", "1-1"],
    postinst: 'ln -s "$(command -v sed)" /etc/borrowed',
    reason: /^links lead to the twin: \/etc\/borrowed$/,
  },
  {
    what: "a script that damages a file of its package",
    versions: ["1-1", "1-1"],
    postinst: "[ ! -e /native ] || : > /usr/bin/borrowed",
    reason: /^dpkg --verify: .*\/usr\/bin\/borrowed$/,
  },
])("falls back to emulation, with the reason: $what", async ({ versions, postinst, reason }) => {
  const found = await inSession(async (side) => {
    const [there = "", here = ""] = versions
    const lent = await installPackages(side, ownPackage(side, side.platform, there, ":"))
    const install = ownPackage(side, foreignOf(side), here, postinst)
    const { road, reason: why, container } = await installPackages(side, install, twinOf(side, lent))
    const version = await container.withExec(["dpkg-query", "-W", "-f", "${Version}", "borrowed"]).stdout()
    return { road, why, version }
  })
  expect(found).toEqual({ road: "emulated", why: expect.stringMatching(reason) as unknown, version: versions[1] })
})
