import { describe, expect, it } from "vitest"
import { unlocatedPackage } from "../../../../dagger/src/core/packages/resolved-packages.js"
import {
  assertParity,
  parityFailures,
  parsePackages,
  ratioOf,
  type ParityReport,
  type InstallMethodReport,
} from "../../../../dagger/src/core/parity/emulation-parity.js"
import { parityText } from "../../../../src/output/parity.js"

const layers = (...sizes: number[]) =>
  sizes.map((compressedBytes, index) => ({ name: `layer ${index}`, bytes: compressedBytes * 3, compressedBytes }))
const accelerated: InstallMethodReport = {
  installMethod: "accelerated",
  seconds: 12,
  layers: layers(60_000_000, 40_000_000),
}
const emulated: InstallMethodReport = { installMethod: "emulated", seconds: 300, layers: layers(100_000_000) }

function report(change: Partial<ParityReport> = {}): ParityReport {
  const both = { accelerated, emulated, ...change }
  return {
    schemaVersion: 2,
    variant: "standard",
    platform: "linux/arm64",
    against: "emulated",
    packages: 200,
    paths: 20_000,
    ratio: ratioOf(both.accelerated, both.emulated),
    differences: [],
    suppressed: [],
    unused: [],
    ...both,
  }
}

const crontab = { path: "/etc/crontab", fields: { mode: ["644", "600"] as const, links: [null, "/etc/a"] as const } }

describe("the two installations", () => {
  it("are equal", () => {
    expect(parityFailures(report())).toEqual([])
    expect(() => {
      assertParity([report(), report()])
    }).not.toThrow()
  })

  it.each([
    {
      what: "a path differs",
      change: { differences: [crontab] },
      failures: [
        "standard linux/arm64: /etc/crontab: mode 644 emulated, 600 accelerated; links none emulated, /etc/a accelerated",
      ],
    },
    {
      what: "native programs were not used",
      change: { accelerated: { ...emulated, reason: "the engine's kernel has no binfmt_misc rule" } },
      failures: [
        "standard linux/arm64: the packages were not installed with native binaries: the engine's kernel has no binfmt_misc rule",
      ],
    },
    {
      what: "what was compared with is native",
      change: { emulated: { ...emulated, installMethod: "native" as const } },
      failures: ["standard linux/arm64: the reference was not installed under emulation: native"],
    },
    {
      what: "layers are larger by more than one percent",
      change: { accelerated: { ...accelerated, layers: layers(60_000_000, 41_100_000) } },
      failures: [
        "standard linux/arm64: the layers from native binaries are 1.011 times as large as emulation's; the limit is 1.01",
        "standard linux/arm64: the compressed layers from native binaries are 1.011 times as large as emulation's; the limit is 1.01",
      ],
    },
    {
      what: "layers have no size",
      change: { accelerated: { ...accelerated, layers: [] }, emulated: { ...emulated, layers: [] } },
      failures: [
        "standard linux/arm64: the layers from native binaries are NaN times as large as emulation's; the limit is 1.01",
        "standard linux/arm64: the compressed layers from native binaries are NaN times as large as emulation's; the limit is 1.01",
      ],
    },
  ])("are not when $what", ({ change, failures }) => {
    expect(parityFailures(report(change))).toEqual(failures)
    expect(() => {
      assertParity([report(), report(change)])
    }).toThrow("[PARITY_DIFFERS]")
  })

  it("may differ by one percent in size", () => {
    expect(parityFailures(report({ accelerated: { ...accelerated, layers: layers(60_000_000, 41_000_000) } }))).toEqual(
      [],
    )
  })

  it("have no end of differences in a message", () => {
    const many = Array.from({ length: 25 }, (_, index) => ({ ...crontab, path: `/${index}` }))
    const failures = parityFailures(report({ differences: many }))
    expect(failures).toHaveLength(21)
    expect(failures.at(-1)).toBe("standard linux/arm64: and 5 more paths differ")
  })
})

it("shows both installations side by side", () => {
  const shown = report({
    differences: [crontab],
    suppressed: [{ path: "/etc/random", fields: { sha256: ["aa", "bb"] } }],
    unused: [{ path: "/etc/unused", fields: ["size", "sha256"], reason: "random" }],
    accelerated: { ...accelerated, installMethod: "emulated", reason: "dpkg --configure failed" },
  })
  expect(parityText(shown)).toMatchInlineSnapshot(`
    "standard linux/arm64: 200 packages, 20000 paths compared, 1 different
    ┌─────────────────┬────────────┬──────────┬────────────┬──────────────────────────────────┐
    │ installed with  │       time │     size │ compressed │ layers                           │
    ├─────────────────┼────────────┼──────────┼────────────┼──────────────────────────────────┤
    │ native binaries │     12.0 s │ 300.0 MB │   100.0 MB │ layer 0 60.0 MB, layer 1 40.0 MB │
    │ emulation       │ 5 min 00 s │ 300.0 MB │   100.0 MB │ layer 0 100.0 MB                 │
    │ ratio           │            │   1.0000 │     1.0000 │                                  │
    └─────────────────┴────────────┴──────────┴────────────┴──────────────────────────────────┘
    Fell back to emulated: dpkg --configure failed
    /etc/crontab: mode 644 emulated, 600 accelerated; links none emulated, /etc/a accelerated
    allowed: /etc/random: sha256 aa emulated, bb accelerated
    unused suppression: /etc/unused (size, sha256)"
  `)
})

it.each([
  [undefined, []],
  [
    ["g++", "libstdc++6", "fonts-noto-cjk"],
    ["g++", "libstdc++6", "fonts-noto-cjk"],
  ],
])("reads packages %j", (given, names) => {
  expect(parsePackages(given)).toEqual(names)
})

it.each([
  [["-y"], /"-y" is not a valid package name/],
  [["nano-"], /"nano-" is not a valid package name/],
  [["nano=8.4"], /"nano=8.4" is not a valid package name/],
  [["nano", ""], /--packages has an empty entry/],
  [["nano", "nano"], /--packages names nano twice/],
])("refuses packages %j", (given, message) => {
  expect(() => parsePackages(given)).toThrow(message)
})

it.each([
  ["E: Unable to locate package chromim\n", "chromim"],
  ["Reading…\nE: Package 'awk' has no installation candidate\n", "awk"],
  ["E: Could not get lock\n", undefined],
])("reads of %j which package apt lacks", (stderr, name) => {
  expect(unlocatedPackage(stderr)).toBe(name)
})
