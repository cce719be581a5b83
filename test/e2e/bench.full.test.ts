import { expect, it } from "vitest"
import type { BenchReport } from "../../dagger/src/core/bench/bench.js"
import { LOCAL_REGISTRY as registry } from "../local-registry.js"
import { answer, commandLine } from "./entry-points.js"

it(
  "measures what is asked for, each row as often as is said, and pushes where it is told",
  async () => {
    expect(registry).toMatch(/^127\.0\.0\.1:\d+$/)
    const words = ["--rows", "native,accelerated,dockerfile,build-cold,build-warm", "--rounds", "2", "--json"]
    const output = answer(await commandLine("bench", ...words, "--repository", `${registry}/bench`))
    const { machine, subjects } = JSON.parse(output) as BenchReport
    expect(machine.processors).toBeGreaterThan(0)
    expect(machine.emulator).toMatch(/^qemu-\w+ version \d+/)
    expect(subjects.map(({ variant, platform, rows }) => [variant, platform, rows.map(({ row }) => row)])).toEqual([
      ["standard", "linux/arm64", ["native", "accelerated", "dockerfile"]],
      ["standard", undefined, ["build-cold", "build-warm"]],
    ])
    const [packages, images] = subjects
    const rows = new Map([...(packages?.rows ?? []), ...(images?.rows ?? [])].map((result) => [result.row, result]))
    for (const { runs } of rows.values()) {
      expect(runs).toHaveLength(2)
      expect(runs.every(({ seconds }) => seconds > 0)).toBe(true)
    }
    // Nothing came from the cache, the second time either.
    const least = (row: "native" | "accelerated" | "dockerfile" | "build-cold") => rows.get(row)?.seconds.min
    expect(least("native")).toBeGreaterThan(1)
    expect(least("accelerated")).toBeGreaterThan(1)
    expect(least("dockerfile")).toBeGreaterThan(5)
    expect(least("build-cold")).toBeGreaterThan(5)
    expect(rows.get("native")?.runs.map(({ installMethod }) => installMethod)).toEqual(["native", "native"])
    expect(rows.get("accelerated")?.runs.map(({ installMethod }) => installMethod)).toEqual([
      "accelerated",
      "accelerated",
    ])
    expect(rows.get("build-cold")?.runs[0]?.phases.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["linux/arm64 packages", "finish", "write", "push"]),
    )
    expect(Object.keys(images?.compressedBytes ?? {})).toEqual(["linux/amd64", "linux/arm64"])
  },
  // Two rounds of a cold build and of a Dockerfile, with every smoke test: nothing here is a limit on how long they take.
  60 * 60_000,
)
