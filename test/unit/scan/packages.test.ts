import { createHash } from "node:crypto"
import { chmodSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { packagesOfImage } from "../../../dagger/src/core/checks/shipped.js"
import { fileChecks } from "../../../dagger/src/core/checks/static-checks.js"
import { planVariant } from "../../../dagger/src/core/plan/plan.js"
import { parseCustomVariant } from "../../../dagger/src/core/variants/custom/custom-variant.js"
import { SHIPPED_MODES } from "../../../dagger/src/core/variants/runtime-files.js"
import { elfFile } from "./elf-file.js"
import { FOLDER, link, scan, type Seeds } from "./seeded-root.js"

const md5 = (content: string | Buffer) => createHash("md5").update(content).digest("hex")

/** The tests' own user and group, by names that only these roots have. */
const ACCOUNTS: Seeds = {
  "/etc/passwd": `first:x:${String(process.getuid?.())}:0::/:/bin/sh\nsecond:x:${String(process.getuid?.())}:0::/:/bin/sh\n`,
  "/etc/group": `staff:x:${String(process.getgid?.())}:\n`,
}
const OWNER = "first:staff"

/** The database's files of a package that has these paths, with checksums of what these contain. */
function installed(
  info: string,
  paths: readonly string[],
  contents: Readonly<Record<string, string | Buffer>> = {},
): Seeds {
  const sums = Object.entries(contents).map(([path, content]) => `${md5(content)}  ${path.slice(1)}\n`)
  return {
    [`/var/lib/dpkg/info/${info}.list`]: ["/.", ...paths, ""].join("\n"),
    [`/var/lib/dpkg/info/${info}.md5sums`]: sums.join(""),
  }
}

const packaged = (seeds: Seeds) => scan({ ...ACCOUNTS, ...seeds }).packaged

describe("packages say of a path", () => {
  it("whose it is, and whether its content is still the package's", () => {
    const seeds = {
      "/usr/bin/as-shipped 4755": "a",
      "/usr/bin/replaced 4755": "b",
      "/usr/bin/without-sum 4755": "c",
      "/usr/bin/nobodys 4755": "d",
      ...installed("uidmap", ["/usr/bin/as-shipped", "/usr/bin/replaced", "/usr/bin/without-sum"], {
        "/usr/bin/as-shipped": "a",
        "/usr/bin/replaced": "something else",
      }),
    }
    const facts = { type: "file", mode: "4755", owner: OWNER, shipped: [], declared: [] }
    expect(packaged(seeds)).toEqual({
      "/usr/bin/as-shipped": { ...facts, packages: [{ name: "uidmap", unchanged: true }] },
      "/usr/bin/replaced": { ...facts, packages: [{ name: "uidmap", unchanged: false }] },
      "/usr/bin/without-sum": { ...facts, packages: [{ name: "uidmap", unchanged: false }] },
    })
  })

  it("only where something may be wrong", () => {
    expect(packaged({ "/usr/bin/a 755": "a", ...installed("a", ["/usr/bin/a"], { "/usr/bin/a": "a" }) })).toEqual({})
  })

  it("of folders, which several packages may have, without their architectures", () => {
    const seeds: Seeds = { "/srv/a 1777": FOLDER, ...installed("a:amd64", ["/srv/a"]), ...installed("b", ["/srv/a"]) }
    expect(packaged(seeds)["/srv/a"]?.packages).toEqual([{ name: "a" }, { name: "b" }])
  })

  it("by links that lead to its folder, too", () => {
    const seeds = { "/bin": link("usr/bin"), "/usr/bin/a 4755": "a", ...installed("a", ["/bin/a"], { "/bin/a": "a" }) }
    expect(packaged(seeds)["/usr/bin/a"]?.packages).toEqual([{ name: "a", unchanged: true }])
  })

  it("which mode it has in the package file, and to what dpkg was told to change it", () => {
    const seeds: Seeds = {
      "/usr/lib/helper 4754": "a",
      "/srv/sessions 1733": FOLDER,
      ...installed("dbus", ["/usr/lib/helper", "/srv/sessions"], { "/usr/lib/helper": "a" }),
      "/var/lib/dpkg/statoverride": "root messagebus 4754 /usr/lib/helper\nroot root 04755 /usr/lib/other\n",
      [SHIPPED_MODES]: "1733 root:root dbus /srv/sessions\n4755 root:root other /usr/bin/other\n",
    }
    expect(packaged(seeds)).toMatchObject({
      "/usr/lib/helper": { override: { mode: "4754", owner: "root:messagebus" }, shipped: [] },
      "/srv/sessions": { shipped: [{ package: "dbus", mode: "1733", owner: "root:root" }] },
    })
    expect(packaged(seeds)["/srv/sessions"]).not.toHaveProperty("override")
  })
})

describe("lines of tmpfiles.d", () => {
  const LINES =
    "# a comment\nL /run/shm - - - - /dev/shm\nL$ /var/log/README - - - - ../a\nz /var/log/%m 2755 root a - -\n"
  const conf = (file: string, content = LINES) => ({
    [`/usr/lib/tmpfiles.d/${file}`]: LINES,
    ...installed("systemd", [`/usr/lib/tmpfiles.d/${file}`], { [`/usr/lib/tmpfiles.d/${file}`]: content }),
  })
  const left = { "/run/shm": link("/dev/shm"), "/var/log/README": link("../a") }
  const declared = (seeds: Seeds) =>
    Object.entries(packaged({ ...left, ...seeds })).map(([path, facts]) => [path, ...facts.declared])

  it("are told of the paths that they name", () => {
    const line = { file: "/usr/lib/tmpfiles.d/a.conf", package: "systemd" }
    expect(declared(conf("a.conf"))).toEqual([
      ["/run/shm", { ...line, fields: ["L", "/run/shm", "-", "-", "-", "-", "/dev/shm"] }],
      ["/var/log/README", { ...line, fields: ["L$", "/var/log/README", "-", "-", "-", "-", "../a"] }],
    ])
    expect(packaged({ ...left, ...conf("a.conf") })["/run/shm"]).toMatchObject({ type: "link", target: "/dev/shm" })
  })

  it.each<[string, Seeds]>([
    ["a file that was changed", conf("a.conf", "what the package has")],
    ["a file of no package", { "/usr/lib/tmpfiles.d/a.conf": LINES }],
    ["a file that the machine's own replaces", { ...conf("a.conf"), "/etc/tmpfiles.d/a.conf": "" }],
    ["a file that systemd would not read", conf("a.txt")],
    ["the machine's own", { "/etc/tmpfiles.d/a.conf": LINES }],
  ])("count for nothing in %s", (_, seeds) => {
    expect(declared(seeds)).toEqual([])
  })
})

it("of a library that is missing is told where it is, and whose that is", () => {
  const plugin = elfFile({ needed: ["libvm.so", "libgone.so.1"] })
  const machine = elfFile({ soname: "libvm.so" })
  const paths = { plugin: "/usr/lib/vm/lib/plugin.so", machine: "/usr/lib/vm/lib/server/libvm.so" }
  const found = scan({
    ...ACCOUNTS,
    [paths.plugin]: plugin,
    [paths.machine]: machine,
    ...installed("vm", Object.values(paths), { [paths.plugin]: plugin, [paths.machine]: machine }),
  })
  expect(found.missing).toEqual([
    { path: paths.plugin, needs: "libvm.so", elsewhere: [paths.machine] },
    { path: paths.plugin, needs: "libgone.so.1" },
  ])
  expect(Object.values(found.packaged).map(({ packages }) => packages)).toEqual([
    [{ name: "vm", unchanged: true }],
    [{ name: "vm", unchanged: true }],
  ])
})

describe("an image of a custom variant, from its files to the check", () => {
  const custom = parseCustomVariant(
    "name: own\nextends: standard\nchecks: [{ name: a, proves: b, command: c, expect: { equals: '' } }]\n",
    "own.yaml",
  )
  const plan = planVariant(
    "own",
    { platforms: ["linux/amd64"], variants: ["own"], custom, sources: "registry", sudo: false, refresh: false },
    { mode: "registry", reason: "test" },
  )
  const context = { platform: "linux/amd64" as const, emulated: false, plan, tools: [], packages: [] }
  const packages = packagesOfImage("Package: uidmap\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n")
  const path = "/usr/bin/newuidmap"
  /** As the package ships it. */
  const shipped: Seeds = {
    [`${path} 4755`]: "helper",
    ...installed("uidmap", [path], { [path]: "helper" }),
    [SHIPPED_MODES]: `4755 ${OWNER} uidmap ${path}\n`,
  }
  const failing = (seeds: Seeds, change?: (root: string) => void) =>
    fileChecks(context, scan({ ...ACCOUNTS, ...seeds }, [], change), [], packages)
      .filter(({ name, status }) => name === "files/setuid" && status === "failed")
      .map(({ actual }) => actual)

  it("passes with a setuid program as its package ships it", () => {
    expect(failing(shipped)).toEqual([])
  })

  it.each<[string, Seeds, (root: string) => void, string]>([
    ["with one more that no package has", { "/usr/bin/own 4755": "a" }, () => undefined, "/usr/bin/own 4755"],
    ["with another mode", {}, (root) => chmodSync(`${root}${path}`, 0o6755), `${path} 6755`],
    [
      "with other content",
      {},
      (root) => {
        writeFileSync(`${root}${path}`, "something else")
        chmodSync(`${root}${path}`, 0o4755)
      },
      `${path} 4755`,
    ],
    ["with a mode that the package file has not", { [SHIPPED_MODES]: "" }, () => undefined, `${path} 4755`],
    [
      "with a mode that dpkg was told to change",
      { "/var/lib/dpkg/statoverride": `root root 755 ${path}\n` },
      () => undefined,
      `${path} 4755`,
    ],
    [
      "of a package that is gone",
      { "/var/lib/dpkg/info/uidmap.list": "", "/var/lib/dpkg/info/uidmap.md5sums": "" },
      () => undefined,
      `${path} 4755`,
    ],
  ])("fails %s", (_, seeds, change, finding) => {
    expect(failing({ ...shipped, ...seeds }, change)).toEqual([finding])
  })
})
