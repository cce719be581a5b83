import { describe, expect, it } from "vitest"
import { elfFile } from "./elf-file.js"
import { link, scan, type Seeds } from "./seeded-root.js"

const library = (soname: string, more = {}) => elfFile({ soname, ...more })
const needing = (...needed: string[]) => elfFile({ type: 2, needed })

/** What is missing in a root of these files, as the check words it. */
const missing = (seeds: Seeds) => scan(seeds).missing.map(({ path, needs }) => `${path} needs ${needs}`)

describe("libraries and interpreters", () => {
  it.each<[string, Seeds, string[]]>([
    ["nobody has the library", { "/usr/bin/a": needing("libx.so.1") }, ["/usr/bin/a needs libx.so.1"]],
    [
      "it is in the multiarch folder, which /lib leads to",
      {
        "/lib": link("usr/lib"),
        "/usr/bin/a": needing("libx.so.1"),
        "/usr/lib/x86_64-linux-gnu/libx.so.1": link("libx.so.1.2"),
        "/usr/lib/x86_64-linux-gnu/libx.so.1.2": library("libx.so.1"),
      },
      [],
    ],
    [
      "its link leads nowhere",
      { "/usr/bin/a": needing("libx.so.1"), "/usr/lib/libx.so.1": link("libx.so.1.2") },
      ["/usr/bin/a needs libx.so.1"],
    ],
    [
      "its link leads in a circle",
      { "/usr/bin/a": needing("libx.so"), "/usr/lib/libx.so": link("liby.so"), "/usr/lib/liby.so": link("libx.so") },
      ["/usr/bin/a needs libx.so"],
    ],
    [
      "its link is absolute, and stays in the root",
      {
        "/usr/bin/a": needing("libx.so"),
        "/usr/lib/libx.so": link("/opt/x/libx.so"),
        "/opt/x/libx.so": library("libx.so"),
      },
      [],
    ],
    [
      "it is for another machine",
      { "/usr/bin/a": needing("libx.so"), "/usr/lib/libx.so": library("libx.so", { machine: 183 }) },
      ["/usr/bin/a needs libx.so"],
    ],
    [
      "it is a linker's script",
      { "/usr/bin/a": needing("libx.so"), "/usr/lib/libx.so": "GROUP ( /lib/libx.so.1 )" },
      ["/usr/bin/a needs libx.so"],
    ],
    [
      "ld.so.conf.d names its folder",
      {
        "/etc/ld.so.conf": "include /etc/ld.so.conf.d/*.conf\n",
        "/etc/ld.so.conf.d/x.conf": "# ours\n/opt/x/lib\n",
        "/opt/x/lib/libx.so": library("libx.so"),
        "/usr/bin/a": needing("libx.so"),
      },
      [],
    ],
    [
      "RUNPATH leads to it from where the program is",
      {
        "/opt/x/bin/a": elfFile({ needed: ["libx.so"], runpath: "$ORIGIN/../lib:/nowhere" }),
        "/opt/x/lib/libx.so": library("libx.so"),
      },
      [],
    ],
    [
      "RPATH does, in braces",
      {
        "/opt/x/bin/a": elfFile({ needed: ["libx.so"], rpath: "${ORIGIN}/../$LIB" }),
        "/opt/x/lib/x86_64-linux-gnu/libx.so": library("libx.so"),
      },
      [],
    ],
    [
      "RPATH counts for nothing beside RUNPATH",
      {
        "/opt/x/a": elfFile({ needed: ["libx.so"], rpath: "/opt/lib", runpath: "/elsewhere" }),
        "/opt/lib/libx.so": library("libx.so"),
      },
      ["/opt/x/a needs libx.so"],
    ],
    [
      "a library inherits the RPATH of its program",
      {
        "/opt/a": elfFile({ needed: ["libx.so"], rpath: "/opt/x:/opt/y" }),
        "/opt/x/libx.so": library("libx.so", { needed: ["liby.so"] }),
        "/opt/y/liby.so": library("liby.so"),
      },
      [],
    ],
    [
      "and not its RUNPATH",
      {
        "/opt/a": elfFile({ needed: ["libx.so"], runpath: "/opt/x:/opt/y" }),
        "/opt/x/libx.so": library("libx.so", { needed: ["liby.so"] }),
        "/opt/y/liby.so": library("liby.so"),
      },
      ["/opt/x/libx.so needs liby.so"],
    ],
    [
      "an application's libraries lie together",
      { "/opt/app/libx.so": library("libx.so", { needed: ["liby.so.2"] }), "/opt/app/liby.so": library("liby.so.2") },
      [],
    ],
    [
      "a path is needed, not a name",
      { "/opt/a": elfFile({ needed: ["$ORIGIN/libx.so", "/opt/liby.so"] }), "/opt/libx.so": library("libx.so") },
      ["/opt/a needs /opt/liby.so"],
    ],
    [
      "the interpreter is not there",
      { "/opt/a": elfFile({ interpreter: "/lib/ld-musl.so.1" }) },
      ["/opt/a needs /lib/ld-musl.so.1"],
    ],
    [
      "the interpreter is there",
      {
        "/lib64": link("usr/lib64"),
        "/usr/lib64/ld.so.2": library("ld.so.2"),
        "/opt/a": elfFile({ interpreter: "/lib64/ld.so.2" }),
      },
      [],
    ],
    ["an object file is not loaded", { "/usr/lib/crt1.o": elfFile({ type: 1, needed: ["libx.so"] }) }, []],
  ])("%s", (_, seeds, expected) => {
    expect(missing(seeds)).toEqual(expected)
  })
})

describe("the machine of ELF files", () => {
  it("is read in both byte orders and both sizes", () => {
    const { programs, foreignArchitecture } = scan({
      "/a": elfFile(),
      "/b": elfFile({ machine: 183 }),
      "/c": elfFile({ machine: 22, bigEndian: true, needed: ["libx.so"] }),
      "/d": elfFile({ machine: 3, bits: 32 }),
      "/e": "\x7fELF is how this text begins, and no more",
      "/f": "\x7fELF",
    })
    expect(programs).toBe(1)
    expect(foreignArchitecture).toEqual([
      { path: "/b", kind: "64/183" },
      { path: "/c", kind: "64/22" },
      { path: "/d", kind: "32/3" },
    ])
  })

  it("is not all that is read: files that are cut off or contradict themselves are named", () => {
    const whole = elfFile({ needed: ["libx.so"] })
    const elsewhere = Buffer.from(whole)
    elsewhere.writeBigUInt64LE(0x99n, 64 + 16)
    expect(scan({ "/cut": whole.subarray(0, 240), "/headers": whole.subarray(0, 100), "/strings": elsewhere })).toEqual(
      expect.objectContaining({
        damaged: [
          { path: "/cut", reason: "is cut off" },
          { path: "/headers", reason: "is cut off" },
          { path: "/strings", reason: "has a string table that is not loaded" },
        ],
      }),
    )
  })

  it("is read of a big-endian file's libraries too", () => {
    const big = { machine: 62, bigEndian: true }
    expect(missing({ "/a": elfFile({ ...big, needed: ["libx.so"] }) })).toEqual(["/a needs libx.so"])
  })
})
