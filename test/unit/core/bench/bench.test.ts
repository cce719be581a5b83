import { describe, expect, it } from "vitest"
import {
  parseRounds,
  parseRows,
  ratiosOf,
  rowResult,
  spreadOf,
  usualPhases,
  type BenchReport,
  type MeasuredRun,
} from "../../../../dagger/src/core/bench/bench.js"
import { benchText } from "../../../../src/output/bench.js"

const run = (seconds: number, more: Partial<MeasuredRun> = {}): MeasuredRun => ({
  seconds,
  traffic: { requests: 100, bytes: 1_000_000 },
  phases: [],
  ...more,
})

describe("the middle of some numbers", () => {
  it.each([
    [[3], { median: 3, min: 3, max: 3 }],
    [[10, 9], { median: 9.5, min: 9, max: 10 }],
    [[5, 1, 100], { median: 5, min: 1, max: 100 }],
    [[4, 1, 3, 2], { median: 2.5, min: 1, max: 4 }],
  ])("of %j", (values, spread) => {
    expect(spreadOf(values)).toEqual(spread)
  })

  it("is not there for none", () => {
    expect(() => spreadOf([])).toThrow("no values have no median")
  })
})

describe("a row", () => {
  it("that is a command of its own has no traffic", () => {
    expect(rowResult("start", [{ seconds: 1, phases: [] }])).toEqual({
      row: "start",
      runs: [{ seconds: 1, phases: [] }],
      seconds: { median: 1, min: 1, max: 1 },
    })
  })

  it("has the spread of its runs", () => {
    const runs = [run(10, { diskBytes: 7 }), run(30, { diskBytes: 9 }), run(20, { diskBytes: 8 })]
    expect(rowResult("native", runs)).toEqual({
      row: "native",
      runs,
      seconds: { median: 20, min: 10, max: 30 },
      requests: { median: 100, min: 100, max: 100 },
      sentBytes: { median: 1_000_000, min: 1_000_000, max: 1_000_000 },
      diskBytes: { median: 8, min: 7, max: 9 },
    })
  })

  it("has no disk when one run's is not known", () => {
    expect(rowResult("native", [run(10, { diskBytes: 7 }), run(30)])).not.toHaveProperty("diskBytes")
  })

  it("has the phases that are in all its runs, as they begin", () => {
    const phases = (late: number) => [
      { name: "configure", start: 10 + late, seconds: 5 },
      { name: "unpack", start: 0, seconds: 10 + late },
    ]
    const result = rowResult("native", [
      run(15, { phases: [...phases(0), { name: "once", start: 0, seconds: 1 }] }),
      run(17, { phases: phases(2) }),
    ])
    expect(usualPhases(result)).toEqual([
      { name: "unpack", start: 0, seconds: 11 },
      { name: "configure", start: 11, seconds: 5 },
    ])
  })
})

it("divides round by round", () => {
  // The second round was slow as a whole: its ratio is what the others' are.
  const native = rowResult("native", [run(10), run(40), run(10)])
  const accelerated = rowResult("accelerated", [run(14), run(60), run(16)])
  expect(ratiosOf([native, accelerated])).toEqual([
    { of: "accelerated", to: "native", ratio: { median: 1.5, min: 1.4, max: 1.6 } },
  ])
  expect(ratiosOf([native])).toEqual([])
})

describe("rows to measure", () => {
  it("are all, in their order", () => {
    const all = [
      ...["native", "accelerated", "both", "emulated", "dockerfile", "build-cold", "build-warm"],
      ...["start", "session", "up-to-date", "build-forced", "call-build", "call-container"],
    ]
    expect(parseRows(undefined)).toEqual(all)
    expect(parseRows([...all].reverse())).toEqual(all)
    expect(parseRows([" Emulated", "native"])).toEqual(["native", "emulated"])
  })

  it.each([
    [["emulatd"], /"emulatd"\. Did you mean emulated\?/],
    [["native", ""], /--rows has an empty entry/],
    [["quick"], /Choose from native, accelerated, both/],
  ])("are not %j", (given, message) => {
    expect(() => parseRows(given)).toThrow(message)
  })
})

describe("rounds", () => {
  it.each([
    [undefined, 5],
    ["1", 1],
    ["100", 100],
  ])("%s", (given, rounds) => {
    expect(parseRounds(given)).toBe(rounds)
  })

  it.each(["0", "-1", "1.5", "101", "many", "", "1e1"])("are not %j", (given) => {
    expect(() => parseRounds(given)).toThrow("is not a whole number from 1 to 100")
  })
})

it("shows the figures as Markdown", () => {
  const rows = [
    rowResult("native", [
      run(20, { diskBytes: 7e8, installMethod: "native" }),
      run(22, { diskBytes: 7e8, installMethod: "native" }),
    ]),
    rowResult("accelerated", [
      run(30, {
        installMethod: "accelerated",
        phases: [
          { name: "unpack", start: 0, seconds: 19 },
          { name: "configure", start: 19, seconds: 11 },
        ],
      }),
      run(33, {
        installMethod: "emulated",
        reason: "dpkg --configure failed | badly",
        phases: [
          { name: "unpack", start: 0, seconds: 21 },
          { name: "configure", start: 21, seconds: 12 },
        ],
      }),
    ]),
  ]
  const report: BenchReport = {
    schemaVersion: 3,
    began: "2026-11-24T00:00:00.000Z",
    machine: {
      platform: "linux/amd64",
      processors: 2,
      memoryBytes: 8 * 2 ** 30,
      kernel: "6.1.0",
      engine: "v0.19.10",
      emulator: "unknown",
    },
    packages: ["chromium"],
    compression: "gzip",
    subjects: [
      {
        variant: "standard",
        platform: "linux/arm64",
        packages: { "linux/amd64": 152, "linux/arm64": 151 },
        rows,
        ratios: ratiosOf(rows),
      },
      {
        variant: "standard",
        compressedBytes: { "linux/amd64": 335_700_000 },
        rows: [rowResult("build-cold", [run(90)])],
        ratios: [],
      },
    ],
  }
  expect(benchText(report)).toMatchInlineSnapshot(`
    "- Machine: linux/amd64, 2 processors, 8.0 GiB, Linux 6.1.0
    - Engine: Dagger v0.19.10
    - Emulator: unknown
    - Started: 2026-11-24T00:00:00.000Z

    ## standard: packages for linux/arm64

    Package files: linux/amd64 152, linux/arm64 151. Additional packages: chromium.

    | Row | What | Median | Min | Max | Runs | Disk | Requests | Sent | Method |
    | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
    | native | the engine's own platform, with its own binaries | 21.0 s | 20.0 s | 22.0 s | 20.0, 22.0 | 700.0 MB | 100 | 1.0 MB | native |
    | accelerated | the foreign platform, with native binaries whose root is unpacked again | 31.5 s | 30.0 s | 33.0 s | 30.0, 33.0 | unknown | 100 | 1.0 MB | accelerated, emulated: dpkg --configure failed \\| badly |

    | Ratio | Median | Min | Max |
    | --- | --- | --- | --- |
    | accelerated ÷ native | 1.50 | 1.50 | 1.50 |

    | Phases of accelerated | Starts | Takes |
    | --- | --- | --- |
    | unpack | 0.0 s | 20.0 s |
    | configure | 20.0 s | 11.5 s |

    ## standard: images for all platforms

    Compressed by gzip: linux/amd64 335.7 MB.

    | Row | What | Median | Min | Max | Runs | Disk | Requests | Sent | Method |
    | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
    | build-cold | images for both platforms, nothing cached: build, write, push | 90.0 s | 90.0 s | 90.0 s | 90.0 | unknown | 100 | 1.0 MB |  |"
  `)
})
