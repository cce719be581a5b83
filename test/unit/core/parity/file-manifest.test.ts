import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import {
  allowListText,
  compareFileManifests,
  suppress,
  parseAllowList,
  parseFileManifest,
  renewAllowList,
  type AllowedDifference,
  type FileManifest,
} from "../../../../dagger/src/core/parity/file-manifest.js"

type Line = Record<string, unknown> & { path: string }

const folder = (path: string): Line => ({ path, type: "folder", mode: "755", owner: "0:0" })
const file = (path: string, more: Partial<Line> = {}): Line => ({
  ...{ path, type: "file", mode: "644", owner: "0:0", size: 3, sha256: "aa" },
  ...more,
})

const ROOT: Line[] = [
  folder("/"),
  folder("/etc"),
  file("/etc/crontab"),
  file("/etc/random"),
  file("/usr/bin/perl", { inode: "1:7" }),
  file("/usr/bin/perl5", { inode: "1:7" }),
  file("/usr/bin/perl5.40", { inode: "1:7" }),
  file("/usr/bin/ping", { xattrs: ["security.capability=0x01"] }),
  { path: "/bin", type: "link", mode: "777", owner: "0:0", target: "usr/bin" },
  { path: "/dev/null", type: "special", mode: "666", owner: "0:0", device: "character 259" },
]

const manifest = (lines: readonly Line[]): FileManifest =>
  parseFileManifest(lines.map((line) => `${JSON.stringify(line)}\n`).join(""))

/** The root with one line changed. */
const but = (path: string, more: Record<string, unknown>) =>
  manifest(ROOT.map((line) => (line.path === path ? { ...line, ...more } : line)))

const compared = (actual: FileManifest) => compareFileManifests(manifest(ROOT), actual)

describe("two manifests", () => {
  it("of equal roots have no difference, whatever their inodes are called", () => {
    const renumbered = ROOT.map((line) => ("inode" in line ? { ...line, inode: "9:1" } : line))
    expect(compared(manifest(renumbered))).toEqual([])
  })

  it.each([
    ["/etc/crontab", { mode: "4644" }, { mode: ["644", "4644"] }],
    ["/etc/crontab", { owner: "0:42" }, { owner: ["0:0", "0:42"] }],
    ["/etc/crontab", { size: 4, sha256: "bb" }, { size: ["3", "4"], sha256: ["aa", "bb"] }],
    ["/etc/crontab", { xattrs: ["user.a=0x"] }, { xattrs: [null, "user.a=0x"] }],
    ["/usr/bin/ping", { xattrs: undefined }, { xattrs: ["security.capability=0x01", null] }],
    [
      "/usr/bin/ping",
      { xattrs: ["security.capability=0x02"] },
      { xattrs: ["security.capability=0x01", "security.capability=0x02"] },
    ],
    ["/bin", { target: "/usr/bin" }, { target: ["usr/bin", "/usr/bin"] }],
    ["/dev/null", { device: "character 260" }, { device: ["character 259", "character 260"] }],
    ["/etc", { mode: "1755" }, { mode: ["755", "1755"] }],
    ["/", { mode: "700" }, { mode: ["755", "700"] }],
  ])("differ in %s when that becomes %j", (path, more, fields) => {
    expect(compared(but(path, more))).toEqual([{ path, fields }])
  })

  it("differ in a path that only one has", () => {
    const fewer = manifest(ROOT.filter(({ path }) => path !== "/etc/crontab"))
    expect(compared(fewer)).toEqual([
      { path: "/etc/crontab", fields: { presence: ["there", null], type: ["file", null] } },
    ])
    expect(compareFileManifests(fewer, manifest(ROOT))).toEqual([
      { path: "/etc/crontab", fields: { presence: [null, "there"], type: [null, "file"] } },
    ])
  })

  it("differ in all names of a file when one becomes a file of its own", () => {
    expect(compared(but("/usr/bin/perl5.40", { inode: undefined }))).toEqual([
      { path: "/usr/bin/perl", fields: { links: ["/usr/bin/perl5 /usr/bin/perl5.40", "/usr/bin/perl5"] } },
      { path: "/usr/bin/perl5", fields: { links: ["/usr/bin/perl /usr/bin/perl5.40", "/usr/bin/perl"] } },
      { path: "/usr/bin/perl5.40", fields: { links: ["/usr/bin/perl /usr/bin/perl5", null] } },
    ])
  })

  it("do not differ in a name that is outside the root", () => {
    expect(compared(but("/etc/crontab", { inode: "1:8" }))).toEqual([])
  })
})

describe("a manifest is refused", () => {
  const line = JSON.stringify(folder("/"))
  it.each([
    ["of no path", "", /the root itself is missing/],
    ["of a part of a root", JSON.stringify(file("/etc/crontab")), /the root itself is missing/],
    ["that is cut", `${line}\n${line.slice(0, 20)}`, /a line is "\{"path":"/],
    ["with something unknown", `${line}\n${JSON.stringify({ ...file("/a"), acl: 1 })}`, /a line is/],
    ["with a path twice", `${line}\n${line}`, /it lists \/ twice/],
  ])("%s", (_what, text, message) => {
    expect(() => parseFileManifest(text)).toThrow(message)
  })
})

const RANDOM: AllowedDifference = { path: "/etc/random", fields: ["size", "sha256"], reason: "random" }
const CONTENT = { size: 4, sha256: "bb" }

describe("the allow-list suppresses", () => {
  it("the fields that it names of the path that it names", () => {
    const fields = { size: ["3", "4"], sha256: ["aa", "bb"] }
    expect(suppress(compared(but("/etc/random", CONTENT)), [RANDOM])).toEqual({
      differences: [],
      suppressed: [{ path: "/etc/random", fields }],
      unused: [],
    })
  })

  it.each([
    ["another field of the path", "/etc/random", { ...CONTENT, mode: "600" }, "/etc/random", ["mode"]],
    ["its owner", "/etc/random", { ...CONTENT, owner: "1:1" }, "/etc/random", ["owner"]],
    ["a file beside it", "/etc/crontab", CONTENT, "/etc/crontab", ["size", "sha256"]],
    ["the folder that it is in", "/etc", { owner: "1:1" }, "/etc", ["owner"]],
  ])("not %s", (_what, path, more, left, fields) => {
    const { differences } = suppress(compared(but(path, more)), [RANDOM])
    expect(differences.map((found) => [found.path, Object.keys(found.fields)])).toEqual([[left, fields]])
  })

  it("not what is below a path that it names", () => {
    const { differences } = suppress(compared(but("/etc/crontab", CONTENT)), [{ ...RANDOM, path: "/etc" }])
    expect(differences.map(({ path }) => path)).toEqual(["/etc/crontab"])
  })

  it("not a seeded difference beside one that is suppressed", () => {
    const lines = ROOT.map((line) =>
      line.path === "/etc/random" || line.path === "/etc/crontab" ? { ...line, ...CONTENT } : line,
    )
    const { differences, suppressed } = suppress(compared(manifest(lines)), [RANDOM])
    expect([differences, suppressed].map((found) => found.map(({ path }) => path))).toEqual([
      ["/etc/crontab"],
      ["/etc/random"],
    ])
  })

  it("not that a path is gone", () => {
    const { differences } = suppress(compared(manifest(ROOT.filter(({ path }) => path !== "/etc/random"))), [RANDOM])
    expect(differences.map(({ fields }) => Object.keys(fields))).toEqual([["presence", "type"]])
  })

  it.each([["/usr/bin/perl"], ["/usr/bin/perl5"], ["/usr/bin/perl5.40"]])(
    "not the split of a file's names when it names one of them: %s",
    (path) => {
      const split = compared(but("/usr/bin/perl5.40", { inode: undefined }))
      const { differences } = suppress(split, [{ path, fields: ["links"], reason: "test" }])
      const names = ["/usr/bin/perl", "/usr/bin/perl5", "/usr/bin/perl5.40"]
      expect(differences.map((found) => found.path)).toEqual(names.filter((name) => name !== path))
    },
  )

  it("nothing, and says so, where nothing differs", () => {
    expect(suppress(compared(but("/etc/random", { sha256: "bb" })), [RANDOM])).toMatchObject({
      differences: [],
      unused: [{ ...RANDOM, fields: ["size"] }],
    })
    expect(suppress([], [RANDOM]).unused).toEqual([RANDOM])
  })
})

describe("the allow-list's text", () => {
  const text = (change: object) => JSON.stringify([{ ...RANDOM, ...change }])

  it("is read as it is written", () => {
    const written = allowListText([RANDOM])
    expect(written).toMatchInlineSnapshot(`
      "[
        {
          "path": "/etc/random",
          "fields": ["size", "sha256"],
          "reason": "random"
        }
      ]
      "
    `)
    expect(parseAllowList(written)).toEqual([RANDOM])
  })

  it("that is checked in can be read", () => {
    const checkedIn = readFileSync(
      new URL("../../../../dagger/src/core/parity/emulation-differences.json", import.meta.url),
      "utf8",
    )
    expect(allowListText(parseAllowList(checkedIn))).toBe(checkedIn)
  })

  it.each([
    ["not JSON", "[", /it is not JSON/],
    ["no list", "{}", /expected array/],
    ["a folder", text({ path: "/etc/" }), /0\.path: must be the absolute path of one file/],
    ["the root", text({ path: "/" }), /0\.path: must be the absolute path of one file/],
    ["a relative path", text({ path: "etc/random" }), /0\.path: must be the absolute path/],
    ["a pattern", text({ path: "/etc/*" }), /0\.path: must be one path, not a pattern/],
    ["a field that does not exist", text({ fields: ["content"] }), /0\.fields\.0: Invalid option/],
    ["no field", text({ fields: [] }), /0\.fields: Too small/],
    ["no reason", text({ reason: " " }), /0\.reason: Too small/],
    ["something else", text({ below: true }), /Unrecognized key/],
    ["a path twice", JSON.stringify([RANDOM, RANDOM]), /it lists \/etc\/random twice/],
  ])("is refused: %s", (_what, given, message) => {
    expect(() => parseAllowList(given)).toThrow(message)
  })
})

it("the allow-list is regenerated for the paths that were there, with reasons kept", () => {
  const stays: AllowedDifference = { path: "/opt/elsewhere", fields: ["sha256"], reason: "another set" }
  const goes: AllowedDifference = { path: "/etc/crontab", fields: ["mode"], reason: "was so once" }
  const found = [
    { path: "/etc/random", fields: { sha256: ["aa", "bb"] as const } },
    { path: "/etc/new", fields: { presence: ["there", null] as const, type: ["file", null] as const } },
  ]
  const paths = new Set(["/etc/crontab", "/etc/random", "/etc/new"])
  expect(renewAllowList([stays, goes, RANDOM], found, paths)).toEqual([
    { path: "/etc/new", fields: ["presence", "type"], reason: "differs between two emulated installations" },
    { path: "/etc/random", fields: ["sha256"], reason: "random" },
    stays,
  ])
})
