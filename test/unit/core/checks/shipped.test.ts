import { describe, expect, it } from "vitest"
import type { CheckContext } from "../../../../dagger/src/core/checks/check.js"
import { isNamedAfter, packagesOfImage } from "../../../../dagger/src/core/checks/shipped.js"
import type { PackagedFile, RootfsScan } from "../../../../dagger/src/core/checks/rootfs-scan.js"
import { fileChecks } from "../../../../dagger/src/core/checks/static-checks.js"
import { planVariant } from "../../../../dagger/src/core/plan/plan.js"
import type { CheckResult } from "../../../../dagger/src/core/report/report.js"
import type { BuildRequest } from "../../../../dagger/src/core/request/request.js"
import { parseCustomVariant } from "../../../../dagger/src/core/variants/custom/custom-variant.js"

const DEFINITION = `name: own
extends: standard
accept:
  - check: files/setuid
    finding: /usr/lib/*/helper 4755
    reason: the helper is needed, and was read
checks: [{ name: a, proves: b, command: c, expect: { equals: "" } }]
`

const request: BuildRequest = {
  platforms: ["linux/amd64"],
  variants: ["own"],
  custom: parseCustomVariant(DEFINITION, "own.yaml"),
  sources: "registry",
  sudo: false,
  refresh: false,
}
const contextOf = (variant: string): CheckContext => ({
  platform: "linux/amd64",
  emulated: false,
  plan: planVariant(variant, request, { mode: "registry", reason: "test" }),
  tools: [],
  packages: [],
})

const STATUS = `Package: uidmap
Status: install ok installed
Architecture: amd64
Version: 1

Package: openjdk
Status: install ok installed
Architecture: amd64
Version: 21
Depends: java-common, vm-core
Recommends: libfreetype6 (>= 2.3.5), libharfbuzz0b
Suggests: libasound2t64

Package: jvm
Status: install ok installed
Architecture: amd64
Version: 21
Provides: vm-core

Package: libasound2t64
Status: install ok installed
Architecture: amd64
Version: 1

Package: unrelated
Status: install ok installed
Architecture: i386
Version: 1
`

const clean: RootfsScan = {
  files: 1,
  programs: 1,
  foreignArchitecture: [],
  damaged: [],
  missing: [],
  setuid: [],
  special: [],
  capabilities: [],
  writable: [],
  leftovers: [],
  secrets: [],
  identities: [],
  top: [],
  packaged: {},
  npm: [],
  paths: {},
}

const file = (name: string, change: Partial<PackagedFile> = {}): PackagedFile => ({
  ...{ type: "file", mode: "644", owner: "root:root", shipped: [], declared: [] },
  packages: [{ name, unchanged: true }],
  ...change,
})

/** What the checks leave as failures, and what they accept, of this scan of a custom variant's image. */
function judged(scan: Partial<RootfsScan>, variant = "own"): { failed: string[]; accepted: string[] } {
  const checks = fileChecks(contextOf(variant), { ...clean, ...scan }, [], packagesOfImage(STATUS))
  const text = ({ name, actual = "" }: CheckResult) => `${name}: ${actual}`
  return {
    failed: checks.filter(({ status }) => status !== "passed").map(text),
    accepted: checks.flatMap(({ name, accepted = [] }) =>
      accepted.map(({ finding, reason, by }) => `${name}: ${finding} (${by}: ${reason})`),
    ),
  }
}

/** A row: what the image has, and why it is accepted; undefined if it is not. */
type Row = [what: string, facts: PackagedFile | undefined, reason?: string]

describe("a setuid program", () => {
  const path = "/usr/bin/newuidmap"
  const shipped = [{ package: "uidmap", mode: "4755", owner: "root:root" }]
  const program = (change: Partial<PackagedFile> = {}) => file("uidmap", { mode: "4755", shipped, ...change })

  it.each<Row>([
    ["of a package, as it ships it", program(), "uidmap ships it with this mode"],
    [
      "whose mode the package registers with dpkg",
      program({ mode: "4754", owner: "root:messagebus", override: { mode: "4754", owner: "root:messagebus" } }),
      "uidmap registers this mode with dpkg",
    ],
    ["that no package has", undefined],
    ["whose content is not the package's", program({ packages: [{ name: "uidmap", unchanged: false }] })],
    ["whose mode was changed", program({ mode: "6755" })],
    ["that was given the mode", program({ shipped: [] })],
    ["whose owner was changed", program({ owner: "root:runner" })],
    ["whose mode only another package has", program({ shipped: [{ ...shipped[0], package: "other" } as never] })],
    ["that does not have the registered mode", program({ override: { mode: "755", owner: "root:root" } })],
    [
      "whose mode tmpfiles.d has, which is for folders",
      program({ shipped: [], declared: [line("z", path, "4755", "root", "root")] }),
    ],
    ["that is a link now", program({ type: "link" })],
  ])("%s", (_, facts, reason) => {
    const mode = facts?.mode ?? "4755"
    const result = judged({ setuid: [`${path} ${mode}`], packaged: facts ? { [path]: facts } : {} })
    expect(result).toEqual(
      reason === undefined
        ? { failed: [`files/setuid: ${path} ${mode}`], accepted: [] }
        : { failed: [], accepted: [`files/setuid: ${path} ${mode} (package: ${reason})`] },
    )
  })

  it("is a finding in a built-in variant, whoever ships it", () => {
    const scan = { setuid: [`${path} 4755`], packaged: { [path]: program() } }
    expect(judged(scan, "standard")).toEqual({ failed: [`files/setuid: ${path} 4755`], accepted: [] })
  })
})

function line(...fields: string[]): PackagedFile["declared"][number] {
  return { file: "/usr/lib/tmpfiles.d/a.conf", package: "uidmap", fields }
}

describe("a setgid folder", () => {
  const path = "/var/log/journal"
  const folder = (change: Partial<PackagedFile>) =>
    file("uidmap", { type: "folder", mode: "2755", owner: "root:adm", packages: [], ...change })

  it.each<Row>([
    [
      "that tmpfiles.d declares",
      folder({ declared: [line("z", path, "02755", "root", "adm", "-", "-")] }),
      "/usr/lib/tmpfiles.d/a.conf of uidmap declares this mode",
    ],
    ["that tmpfiles.d declares with another mode", folder({ declared: [line("d", path, "0755", "root", "adm")] })],
    ["that tmpfiles.d declares for others", folder({ declared: [line("d", path, "2755", "root", "root")] })],
    ["about which tmpfiles.d says something else", folder({ declared: [line("a+", path, "2755", "root", "adm")] })],
    ["that a package has, with another mode", folder({ packages: [{ name: "uidmap" }] })],
    [
      "that a package ships",
      folder({ packages: [{ name: "uidmap" }], shipped: [{ package: "uidmap", mode: "2755", owner: "root:adm" }] }),
      "uidmap ships it with this mode",
    ],
  ])("%s", (_, facts, reason) => {
    const { failed, accepted } = judged({ setuid: [`${path} 2755`], packaged: facts ? { [path]: facts } : {} })
    expect([failed.length, accepted]).toEqual(
      reason === undefined ? [1, []] : [0, [`files/setuid: ${path} 2755 (package: ${reason})`]],
    )
  })
})

describe("what everybody may write", () => {
  const path = "/var/lib/php/sessions"
  const shipped = (mode: string, change: Partial<PackagedFile> = {}) =>
    file("uidmap", {
      ...{ type: "folder", mode, packages: [{ name: "uidmap" }] },
      shipped: [{ package: "uidmap", mode, owner: "root:root" }],
      ...change,
    })

  it.each<Row>([
    ["a package's folder, where nobody may delete another's files", shipped("1733"), "uidmap ships it with this mode"],
    ["a package's folder where everybody may delete", shipped("777")],
    ["a package's file", shipped("666", { type: "file", packages: [{ name: "uidmap", unchanged: true }] })],
    ["a folder that was opened", { ...shipped("1733"), mode: "1777" }],
    ["a folder of nobody's", undefined],
  ])("%s", (_, facts, reason) => {
    const mode = facts?.mode ?? "1733"
    const { failed, accepted } = judged({ writable: [`${path} ${mode}`], packaged: facts ? { [path]: facts } : {} })
    expect([failed.length, accepted]).toEqual(
      reason === undefined ? [1, []] : [0, [`files/writable: ${path} ${mode} (package: ${reason})`]],
    )
  })
})

describe("what is left in /var/log and /run", () => {
  const path = "/run/shm"
  const link = (target: string, ...fields: string[]): PackagedFile =>
    file("uidmap", { type: "link", target, packages: [], declared: [line(...fields)] })

  it.each<Row>([
    [
      "a link that tmpfiles.d declares",
      link("/dev/shm", "L+", path, "-", "-", "-", "-", "/dev/shm"),
      "/usr/lib/tmpfiles.d/a.conf of uidmap declares this link",
    ],
    ["a link that leads elsewhere", link("/etc", "L", path, "-", "-", "-", "-", "/dev/shm")],
    ["a file in its place", { ...link("/dev/shm", "L", path, "-", "-", "-", "-", "/dev/shm"), type: "file" }],
    ["a link where a folder is declared", link("/dev/shm", "d", path, "0755", "root", "root", "-", "/dev/shm")],
    ["a declared link without a target", link("", "L", path)],
    ["a file of a package", file("uidmap"), "uidmap ships this file"],
    ["a file of a package that was written to", file("uidmap", { packages: [{ name: "uidmap", unchanged: false }] })],
    ["a file of nobody's", undefined],
  ])("%s", (_, facts, reason) => {
    const { failed, accepted } = judged({ leftovers: [path], packaged: facts ? { [path]: facts } : {} })
    expect([failed.length, accepted]).toEqual(
      reason === undefined ? [1, []] : [0, [`files/leftovers: ${path} (package: ${reason})`]],
    )
  })
})

describe("files that look like another machine's, or like secrets", () => {
  const path = "/usr/share/app/fixture"
  const found = (facts: PackagedFile | undefined) =>
    judged({
      foreignArchitecture: [{ path, kind: "64/183" }],
      damaged: [{ path, reason: "is cut off" }],
      secrets: [`${path}: private key`],
      packaged: facts ? { [path]: facts } : {},
    })

  it("are right if a package for the platform ships them", () => {
    const { failed, accepted } = found(file("uidmap"))
    expect(failed).toEqual([])
    expect(accepted).toEqual([
      `elf/machine: ${path} is 64/183 (package: uidmap ships this file)`,
      `elf/whole: ${path} is cut off (package: uidmap ships this file)`,
      `files/secrets: ${path}: private key (package: uidmap ships this file)`,
    ])
  })

  it.each([
    ["a package for another platform ships them", file("unrelated")],
    ["they were changed", file("uidmap", { packages: [{ name: "uidmap", unchanged: false }] })],
    ["dpkg does not have the package", file("gone")],
    ["nobody ships them", undefined],
  ])("are findings if %s", (_, facts) => {
    expect(found(facts).failed).toHaveLength(3)
  })
})

describe("a library that the dynamic linker does not find", () => {
  const path = "/usr/lib/jvm/java-21/lib/libawt.so"
  const inside = "/usr/lib/jvm/java-21/lib/server/libjvm.so"
  const result = (
    elsewhere: string[] | undefined,
    packaged: RootfsScan["packaged"],
    needs = "libjvm.so",
    from = path,
  ) => judged({ missing: [{ path: from, needs, ...(elsewhere ? { elsewhere } : {}) }], packaged })
  const both = (owner: string, provider: string) => ({ [path]: file(owner), [inside]: file(provider) })

  it.each([
    ["its own package has in the same application's folder", "openjdk", "openjdk"],
    ["a package has on which its own depends by another name", "openjdk", "jvm"],
  ])("and %s", (_, owner, provider) => {
    expect(result([inside], both(owner, provider))).toEqual({
      failed: [],
      accepted: [
        `elf/libraries: ${path} needs libjvm.so (package: ${provider} has it as ${inside}, from where its own programs load it)`,
      ],
    })
  })

  it.each<[string, string[] | undefined, RootfsScan["packaged"], string?]>([
    ["nobody has", undefined, { [path]: file("openjdk") }],
    ["a package has with which its own has nothing to do", [inside], both("openjdk", "uidmap")],
    ["a package has that depends on its own", [inside], both("jvm", "openjdk")],
    ["was put there", [inside], { [path]: file("openjdk") }],
    ["was changed", [inside], { ...both("openjdk", "openjdk"), [inside]: changed("openjdk") }],
    ["a changed file needs", [inside], { ...both("openjdk", "openjdk"), [path]: changed("openjdk") }],
    ["a file of nobody's needs", [inside], { [inside]: file("openjdk") }],
    [
      "is in another application's folder",
      ["/usr/lib/other/libjvm.so"],
      { [path]: file("openjdk"), "/usr/lib/other/libjvm.so": file("openjdk") },
    ],
    [
      "a program needs that has no folder of its own",
      [inside],
      { "/usr/bin/java": file("openjdk"), [inside]: file("openjdk") },
      "/usr/bin/java",
    ],
    [
      "a library needs that others share",
      [inside],
      { "/usr/lib/x86_64-linux-gnu/liba.so": file("openjdk"), [inside]: file("openjdk") },
      "/usr/lib/x86_64-linux-gnu/liba.so",
    ],
  ])("and %s, is a finding", (_, elsewhere, packaged, from = path) => {
    expect(result(elsewhere, packaged, "libjvm.so", from)).toEqual({
      failed: [`elf/libraries: ${from} needs libjvm.so`],
      accepted: [],
    })
  })

  it("and that is of a package which its own only recommends, is said to be optional", () => {
    expect(result(undefined, { [path]: file("openjdk") }, "libharfbuzz.so.0")).toEqual({
      failed: [],
      accepted: [
        `elf/libraries: ${path} needs libharfbuzz.so.0 (package: openjdk does not depend on it: add libharfbuzz0b to \`packages\` if you need it)`,
      ],
    })
  })

  it.each<[string, string, RootfsScan["packaged"]]>([
    ["of no recommended package", "libcups.so.2", { [path]: file("openjdk") }],
    ["of a recommended package in another version", "libharfbuzz.so.1", { [path]: file("openjdk") }],
    // It lacks what it should have.
    ["of a package that is installed", "libasound.so.2", { [path]: file("openjdk") }],
    ["that a changed file needs", "libharfbuzz.so.0", { [path]: changed("openjdk") }],
    ["that a file of nobody's needs", "libharfbuzz.so.0", {}],
  ])("and is %s, is a finding", (_, needs, packaged) => {
    expect(result(undefined, packaged, needs).failed).toEqual([`elf/libraries: ${path} needs ${needs}`])
  })

  it("and is of a recommended package, but needed by a program of everybody's, is a finding", () => {
    const program = "/usr/bin/java"
    expect(result(undefined, { [program]: file("openjdk") }, "libharfbuzz.so.0", program).failed).toEqual([
      `elf/libraries: ${program} needs libharfbuzz.so.0`,
    ])
  })
})

function changed(name: string): PackagedFile {
  return file(name, { packages: [{ name, unchanged: false }] })
}

it.each([
  ["libfreetype6", "libfreetype.so.6", true],
  ["libasound2t64", "libasound.so.2", true],
  ["libgtk-3-0t64", "libgtk-3.so.0", true],
  ["libglib2.0-0t64", "libglib-2.0.so.0", true],
  ["libssl3t64", "libssl.so.3", true],
  ["libfoo11", "libfoo.so.1", false],
  ["libfoo1-1", "libfoo.so.1", false],
  ["libfoo-dev", "libfoo.so.1", false],
  ["libfoobar1", "libfoo.so.1", false],
  ["foo1", "libfoo.so.1", false],
  ["libfoo1", "foo.so.1", false],
])("%s is named after %s: %s", (name, library, expected) => {
  expect(isNamedAfter(name, library)).toBe(expected)
})

describe("a definition accepts", () => {
  const found = (...setuid: string[]) => judged({ setuid })

  it("what it names, with its reason", () => {
    expect(found("/usr/lib/x86_64-linux-gnu/helper 4755")).toEqual({
      failed: [],
      accepted: [
        "files/setuid: /usr/lib/x86_64-linux-gnu/helper 4755 (definition: the helper is needed, and was read)",
      ],
    })
  })

  it.each([
    "/usr/lib/a/helper 6755",
    "/usr/lib/a/b/helper 4755",
    "/usr/lib/helper 4755",
    "/usr/lib/a/helper 4755 4755",
    "/opt/usr/lib/a/helper 4755",
    "/usr/lib/a b/helper 4755",
  ])("nothing beside it: %s", (finding) => {
    expect(found(finding)).toEqual({ failed: [`files/setuid: ${finding}`], accepted: [] })
  })

  it("nothing of another check", () => {
    expect(judged({ writable: ["/usr/lib/a/helper 4755"] }).failed).toEqual(["files/writable: /usr/lib/a/helper 4755"])
  })

  it("what is left, as each failure says", () => {
    const [check] = fileChecks(contextOf("own"), { ...clean, setuid: ["/opt/a 4755", "/opt/b 4755"] }, []).filter(
      ({ status }) => status === "failed",
    )
    expect(check?.reason).toBe(
      'if it is right for this image, accept it in the definition: {check: files/setuid, finding: "/opt/a 4755", reason: …}',
    )
    const missing = [{ path: "/opt/a", needs: "libx.so.1" }]
    const [library] = fileChecks(contextOf("own"), { ...clean, missing }, []).filter(
      ({ status }) => status === "failed",
    )
    expect(library?.reason).toBe(
      'add the package that has the library to `packages`; if it is right for this image, accept it in the definition: {check: elf/libraries, finding: "/opt/a needs libx.so.1", reason: …}',
    )
  })

  it("nothing where there is no program for the platform", () => {
    const [check] = fileChecks(contextOf("own"), { ...clean, programs: 0 }, []).filter(
      ({ status }) => status === "failed",
    )
    expect([check?.name, check?.reason]).toEqual(["elf/machine", undefined])
  })

  it("nothing in a built-in variant, which says nothing about it", () => {
    const [check] = fileChecks(contextOf("standard"), { ...clean, setuid: ["/opt/a 4755"] }, []).filter(
      ({ status }) => status === "failed",
    )
    expect(check).not.toHaveProperty("reason")
  })
})
