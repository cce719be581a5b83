import { dag, type Container, type Directory } from "@dagger.io/dagger"
import { expect, it } from "vitest"
import { parseOrder } from "../../dagger/src/core/packages/install-method.js"
import { compareFileManifests, FIELDS, type FileManifest } from "../../dagger/src/core/parity/file-manifest.js"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import type { EngineHostRoot } from "../../dagger/src/pipeline/packages/acceleration.js"
import { manifestOf } from "../../dagger/src/pipeline/parity/file-manifest.js"
import type { EngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { packageInstall } from "../../dagger/src/pipeline/image/image.js"
import {
  installPackages,
  resolvePackages,
  nativeToolsOf,
  unpackPackages,
  withControl,
  type PackageInstall,
} from "../../dagger/src/pipeline/packages/packages.js"
import { installBothWays, nativeToolsWith } from "../../dagger/src/pipeline/parity/emulation-parity.js"
import { Progress } from "../../dagger/src/core/progress/progress.js"
import { script } from "../../dagger/src/pipeline/engine/script.js"
import { archived, foreignOf, inSession, rootOf } from "./foreign-packages.js"

/**
 * Few packages that do what scripts of packages do: make users and groups, divert, set capabilities, register alternatives,
 * byte-compile, change owners, wait for triggers, ask questions before they are unpacked.
 */
const PACKAGES = [
  "adduser",
  "cron",
  "iputils-ping",
  "libpaper2",
  "nano",
  "openssh-client",
  "python3-minimal",
  "sensible-utils",
]

/** A package that is nothing but what is given: the platform's own `true` under another name, and a script. */
function ownPackage(engineHost: EngineHost, platform: PlatformName, version: string, postinst: string): PackageInstall {
  const file = `borrowed_${version}.deb`
  const arch = platform.slice("linux/".length)
  const control = `Package: sample\nVersion: ${version}\nArchitecture: ${arch}\nMaintainer: Test <test@example.test>\nDescription: test\n`
  const built = engineHost.container
    .withFile("/tree/usr/bin/sample", rootOf(engineHost, platform).file("/usr/bin/true"))
    .withNewFile("/tree/DEBIAN/control", control)
    .withNewFile("/tree/DEBIAN/postinst", `#!/bin/sh\nset -e\n${postinst}\n`, { permissions: 0o755 })
    .withExec(["sh", "-c", `mkdir /debs && dpkg-deb --root-owner-group --build /tree /debs/${file}`])
  const debs: Directory = withControl(engineHost, built).directory("/debs")
  const root: Container = rootOf(engineHost, platform)
  return {
    platform,
    root,
    debs,
    packages: [{ name: "sample", file }],
    automatic: [],
    dpkgConfig: "",
    uploads: engineHost.uploads,
  }
}

/** Packages for a second installation: they register alternatives, make a user, build caches when triggered. */
const ON_TOP = ["fontconfig", "uuid-runtime", "vim-tiny"]

/** PACKAGES and then ON_TOP with what they need besides, the second yet without its root. */
async function inTwo(engineHost: EngineHost, platform: PlatformName): Promise<[PackageInstall, PackageInstall]> {
  const { archive } = engineHost
  const first = await resolvePackages(engineHost, archive, platform, PACKAGES, engineHost.root(platform))
  const both = await resolvePackages(engineHost, archive, platform, [...PACKAGES, ...ON_TOP], engineHost.root(platform))
  const there = new Set(first.packages.map(({ name }) => name))
  const then = {
    packages: both.packages.filter(({ name }) => !there.has(name)),
    automatic: both.automatic.filter((name) => !there.has(name)),
  }
  return [packageInstall(engineHost, platform, first), packageInstall(engineHost, platform, then)]
}

/** One change of each kind to a root at /target: what a comparison that overlooks something would not find. */
const SEEDED = `
  cd /target
  chmod 0600 etc/crontab
  printf x >> usr/bin/nano
  chown 1:2 etc/adduser.conf
  setfattr -n user.seeded -v 1 usr/bin/ssh
  cp --preserve=all usr/bin/perl other && mv other usr/bin/perl
  ln -sfn nowhere usr/bin/sh
  rm etc/nanorc
  mkfifo usr/local/fifo
`

/** The package files by one call of apt and nothing of ours, but that the traces of when it was are taken out. */
const IN_ONE_CALL = `
  cp /plan/dpkg.cfg /etc/dpkg/dpkg.cfg.d/runner-images
  export DEBIAN_FRONTEND=noninteractive LC_ALL=C ROOT= EPOCH=$(cat /debs/epoch)
  printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
  chmod 0755 /usr/sbin/policy-rc.d
  apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-unsafe-io -o APT::Sandbox::User=root /debs/*.deb
  sed -nE 's/^[^ ]+ [^ ]+ (configure) ([^: ]+).*/\\1 \\2/p' /var/log/dpkg.log > /configured
  rm /usr/sbin/policy-rc.d
  . /plan/clean-root.sh
`

/** Fields that differ, by path; content and names of versions are not of interest here. */
function fieldsThatDiffer(expected: FileManifest, actual: FileManifest): string[] {
  return compareFileManifests(expected, actual).map(
    ({ path, fields }) => `${path.replace(/5[.\d]+$/, "5")}: ${FIELDS.filter((field) => fields[field]).join(" ")}`,
  )
}

it("native programs make the same root as emulated ones; a root that is changed is told from it", async () => {
  const found = await inSession(async (engineHost) => {
    const context = { engineHost, progress: new Progress() }
    const nativeTools = await nativeToolsWith(context, () => PACKAGES)
    const { accelerated, emulated } = await installBothWays(context, foreignOf(engineHost), () => PACKAGES, nativeTools)
    const changed = engineHost.toolbox
      .withMountedDirectory("/target", accelerated.installed.container.rootfs())
      .withExec(["sh", "-ec", SEEDED])
      .directory("/target")
    const seeded = await manifestOf(engineHost, accelerated.installed.container.withRootfs(changed))
    return {
      installMethods: [accelerated, emulated].map(({ report: { installMethod, reason } }) => ({
        installMethod,
        reason,
      })),
      layers: [accelerated, emulated].map(({ report }) => report.layers.map(({ name }) => name)),
      enough: emulated.files.size > 5000,
      differences: compareFileManifests(emulated.files, accelerated.files),
      seeded: fieldsThatDiffer(emulated.files, seeded),
    }
  })
  expect(found).toEqual({
    installMethods: [
      { installMethod: "accelerated", reason: undefined },
      { installMethod: "emulated", reason: undefined },
    ],
    layers: [["packages", "their configuration"], ["packages"]],
    enough: true,
    differences: [],
    seeded: [
      "/etc/adduser.conf: owner",
      "/etc/crontab: mode",
      "/etc/nanorc: presence type",
      "/usr/bin/nano: size sha256",
      "/usr/bin/perl: links",
      "/usr/bin/perl5: links",
      "/usr/bin/sh: target",
      "/usr/bin/ssh: xattrs",
      "/usr/local/fifo: presence type",
    ],
  })
})

it("has an image's own packages in two steps as apt has them in one, and foretells their order", async () => {
  const found = await inSession(async (engineHost) => {
    const install = await archived(engineHost, engineHost.platform, PACKAGES)
    const unpacked = await unpackPackages(install)
    const installed = await installPackages(engineHost, install)
    const container = install.root
      .withMountedDirectory("/debs", install.debs)
      .withMountedDirectory(
        "/plan",
        dag
          .directory()
          .withNewFile("dpkg.cfg", install.dpkgConfig)
          .withNewFile("clean-root.sh", script("clean-root.sh")),
      )
      .withExec(["sh", "-ec", IN_ONE_CALL])
    const log = await container.withExec(["cat", "/configured"]).stdout()
    const plain = container.withoutMount("/debs").withoutMount("/plan").withoutFile("/configured")
    return {
      foretold: unpacked.order,
      order: installed.order,
      plain: parseOrder(log),
      differences: compareFileManifests(
        await manifestOf(engineHost, plain),
        await manifestOf(engineHost, installed.container),
      ),
    }
  })
  expect(found.foretold.length).toBeGreaterThan(PACKAGES.length)
  // What is added later has no scripts, and to it the order is nothing.
  const foretold = new Set(found.foretold)
  expect(found.plain.filter((name) => foretold.has(name))).toEqual(found.foretold)
  expect(found.order.slice(0, found.foretold.length)).toEqual(found.foretold)
  expect(found.order.toSorted()).toEqual(found.plain.toSorted())
  expect(found.order.length).toBeGreaterThan(found.foretold.length)
  // Which packages nobody asked for is recorded by our own list.
  expect(found.differences.map(({ path }) => path)).toEqual(["/var/lib/apt/extended_states"])
})

it("installs on a root that has packages already, in the second installation as in the first", async () => {
  const found = await inSession(async (engineHost) => {
    const foreign = foreignOf(engineHost)
    const [ownFirst, ownThen] = await inTwo(engineHost, engineHost.platform)
    const [first, then] = await inTwo(engineHost, foreign)
    const own = await installPackages(engineHost, ownFirst)
    const accelerated = await installPackages(engineHost, first, nativeToolsOf(ownFirst))
    const nativeTools = nativeToolsOf({ ...ownThen, root: own.container })
    const onTop = await installPackages(engineHost, { ...then, root: accelerated.container }, nativeTools)
    const emulated = await installPackages(engineHost, first)
    const onEmulated = await installPackages(engineHost, { ...then, root: emulated.container })
    const [expected, actual] = [
      await manifestOf(engineHost, onEmulated.container),
      await manifestOf(engineHost, onTop.container),
    ]
    const installMethods = [accelerated, onTop, onEmulated].map(({ installMethod, reason }) => ({
      installMethod,
      reason,
    }))
    return {
      installMethods,
      users: onTop.order.includes("uuid-runtime"),
      differences: compareFileManifests(expected, actual),
    }
  })
  expect(found).toEqual({
    installMethods: [
      { installMethod: "accelerated", reason: undefined },
      { installMethod: "accelerated", reason: undefined },
      { installMethod: "emulated", reason: undefined },
    ],
    users: true,
    differences: [],
  })
})

it("knows no direction: with the roles exchanged, it installs the engine's own platform by foreign programs", async () => {
  const found = await inSession(async (engineHost) => {
    const foreign = foreignOf(engineHost)
    const exchanged: EngineHostRoot = {
      platform: foreign,
      container: rootOf(engineHost, foreign),
      uploads: engineHost.uploads,
    }
    const install = await archived(engineHost, engineHost.platform, PACKAGES)
    const plain = await installPackages(engineHost, install)
    const nativeTools = nativeToolsOf(await archived(engineHost, foreign, PACKAGES))
    const { installMethod, reason, ...accelerated } = await installPackages(exchanged, install, nativeTools)
    const [expected, actual] = [
      await manifestOf(engineHost, plain.container),
      await manifestOf(engineHost, accelerated.container),
    ]
    return { installMethod, reason, differences: compareFileManifests(expected, actual) }
  })
  expect(found).toEqual({ installMethod: "accelerated", differences: [] })
})

it.each([
  {
    what: "a script that fails when native programs help",
    versions: ["1-1", "1-1"],
    postinst: "[ ! -e /native ]",
    reason: /^dpkg --configure failed$/,
  },
  {
    what: "a native tools root of another source version",
    versions: ["1-1", "2-1"],
    postinst: ":",
    reason: /^the native tools root has other versions than the root: sample 1-1 and 2-1$/,
  },
  {
    what: "a script that leaves a path of the native tools root behind",
    versions: ["1-1", "1-1"],
    postinst: "command -v sed > /etc/sample",
    reason: /^files name the native tools root: \/etc\/sample$/,
  },
  {
    what: "a script that leaves a link to the native tools root behind",
    versions: ["1-1", "1-1"],
    postinst: 'ln -s "$(command -v sed)" /etc/sample',
    reason: /^links lead to the native tools root: \/etc\/sample$/,
  },
  {
    what: "a script that damages a file of its package",
    versions: ["1-1", "1-1"],
    postinst: "[ ! -e /native ] || : > /usr/bin/sample",
    reason: /^files are not as their packages have them: \/usr\/bin\/sample/,
  },
])("falls back to emulation, with the reason: $what", async ({ versions, postinst, reason }) => {
  const found = await inSession(async (engineHost) => {
    const [there = "", here = ""] = versions
    const nativeTools = nativeToolsOf(ownPackage(engineHost, engineHost.platform, there, ":"))
    const install = ownPackage(engineHost, foreignOf(engineHost), here, postinst)
    const { installMethod, reason: why, container } = await installPackages(engineHost, install, nativeTools)
    const version = await container.withExec(["dpkg-query", "-W", "-f", "${Version}", "sample"]).stdout()
    return { installMethod, why, version }
  })
  expect(found).toEqual({
    installMethod: "emulated",
    why: expect.stringMatching(reason) as unknown,
    version: versions[1],
  })
})

/** Ways in which an engine, a root or its native tools cannot do it, each made on purpose. */
const UNFIT = [
  {
    what: "a kernel that runs no foreign program from a native one",
    // The machine of an ELF file that no rule knows, 0xffff: started, it fails like any foreign one without a rule.
    root: (engineHost: EngineHostRoot, root: Container) => {
      const strange = engineHost.container
        .withFile("/true", root.file("/usr/bin/true"))
        .withExec(["sh", "-c", String.raw`printf '\377\377' | dd of=/true bs=1 seek=18 conv=notrunc 2>&1`])
        .file("/true")
      return root.withFile("/usr/bin/true", strange)
    },
    nativeTools: (container: Container) => container,
    reason: /^the engine's kernel has no binfmt_misc rule for \w+ .*tonistiigi\/binfmt --install \w+ adds one$/,
  },
  {
    what: "a native tools root without a program that is needed",
    root: (_: EngineHostRoot, root: Container) => root,
    nativeTools: (container: Container) => container.withoutFile("/usr/bin/mawk"),
    reason: /^\/plan\/[a-z-]+\.sh: \d+: awk: not found$/,
  },
  {
    what: "a hook of apt's that is told more than the names of files",
    root: (_: EngineHostRoot, root: Container) =>
      root.withNewFile("/etc/apt/apt.conf.d/99hook", 'DPkg::Tools::Options::/usr/bin/hook::Version "2";\n'),
    nativeTools: (container: Container) => container,
    reason: /^apt has hooks that are told more than the names of files$/,
  },
  {
    what: "a base of another release",
    root: (engineHost: EngineHostRoot, root: Container) => {
      const older = engineHost.container
        .withFile("/status", root.file("/var/lib/dpkg/status"))
        .withExec(["sed", "-i", "/^Package: sed$/,/^$/s/^Version: .*/Version: 4.0-1/", "/status"])
        .file("/status")
      return root.withFile("/var/lib/dpkg/status", older)
    },
    nativeTools: (container: Container) => container,
    reason: /^the native tools root has other versions than the root: sed \S+ and 4\.0-1$/,
  },
]

it.each(UNFIT)("falls back to emulation, with the reason: $what", async ({ root, nativeTools, reason }) => {
  const found = await inSession(async (engineHost) => {
    const whole = nativeToolsOf(ownPackage(engineHost, engineHost.platform, "1-1", ":"))
    const unpacked = whole.unpacked.then(({ container, order }) => ({ order, container: nativeTools(container) }))
    const otherTools = { ...whole, unpacked }
    const install = ownPackage(engineHost, foreignOf(engineHost), "1-1", ":")
    const { installMethod, reason: why } = await installPackages(
      engineHost,
      { ...install, root: root(engineHost, install.root) },
      otherTools,
    )
    return { installMethod, why }
  })
  expect(found).toEqual({ installMethod: "emulated", why: expect.stringMatching(reason) as unknown })
})
