import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { z } from "zod"
import { FAMILIES, type FamilyFacts } from "../../../docker/runtime/src/metrics/families.js"
import { PROJECT_ROOT } from "../../../src/host/paths.js"

const SOURCE = z.object({ type: z.literal("prometheus"), uid: z.literal("${datasource}") })

/** What Grafana needs of a board that is imported: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
const BOARD = z.object({
  title: z.string().min(1),
  uid: z.string().regex(/^[\w-]{1,40}$/),
  schemaVersion: z.number(),
  templating: z.object({
    list: z.array(z.object({ name: z.string(), type: z.string(), definition: z.string().optional() })),
  }),
  panels: z.array(
    z.object({
      id: z.number(),
      type: z.enum(["stat", "timeseries", "table"]),
      title: z.string().min(1),
      description: z.string().min(1),
      datasource: SOURCE,
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      targets: z.array(z.object({ expr: z.string(), refId: z.string(), datasource: SOURCE })).min(1),
    }),
  ),
})

const board = BOARD.parse(JSON.parse(readFileSync(join(PROJECT_ROOT, "examples/grafana/runners.json"), "utf8")))
const families = Object.values<FamilyFacts>(FAMILIES)

/** Names of samples: a histogram has none of its own name. */
const samples = families.flatMap(({ name, type }) =>
  type === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => name + suffix) : [name],
)

const queries = [
  ...board.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ...board.templating.list.flatMap(({ definition }) => definition ?? []),
]
const asked = queries.flatMap((query) => query.match(/\b(?:github_runner|runner_images)_\w+/g) ?? [])

describe("the Grafana board", () => {
  it("asks only for metrics that runners have", () => {
    expect(asked.filter((name) => !samples.includes(name))).toEqual([])
    expect(asked.length).toBeGreaterThanOrEqual(board.panels.length)
  })

  it("asks only for labels that these metrics have", () => {
    const known = new Set(["le", ...families.flatMap(({ labels }) => labels)])
    const labels = queries.flatMap((query) => [
      ...[...query.matchAll(/[{,](\w+)(?:=~|!=|!~|=)"/g)].map(([, label = ""]) => label),
      ...[...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(/,\s*/)),
    ])
    expect(labels.length).toBeGreaterThan(0)
    expect(labels.filter((label) => !known.has(label))).toEqual([])
  })

  it("shows what jobs used, and every panel has something to show", () => {
    for (const { name } of families.filter(({ name }) => name.startsWith("github_runner_job_")))
      expect(asked, name).toContain(`${name}_bucket`)
    // Two of the families never have a sample.
    const empty = families.filter(({ source }) => source === "none").map(({ name }) => name)
    expect(asked.filter((name) => empty.includes(name))).toEqual([])
  })

  it("uses only variables that it has", () => {
    const own = board.templating.list.map(({ name }) => name)
    const used = queries.flatMap((query) => [...query.matchAll(/\$(\w+)/g)].map(([, name = ""]) => name))
    expect(used.filter((name) => !name.startsWith("__") && !own.includes(name))).toEqual([])
  })

  it("has panels that do not cover each other", () => {
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length)
    const places = board.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${String(x + (index % w))}:${String(y + Math.floor(index / w))}`),
    )
    expect(new Set(places).size).toBe(places.length)
    expect(Math.max(...board.panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24)
  })
})
