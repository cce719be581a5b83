import { describe, expect, it } from "vitest"
import { DEFINITIONS } from "../../../../dagger/src/core/variants/definitions.js"
import { installedSizes } from "../../../../dagger/src/core/packages/dpkg-status.js"
import type { ImageLayer } from "../../../../dagger/src/core/report/report.js"
import { sharedBytes, sizeChecks, withCosts, type SizeDemands } from "../../../../dagger/src/core/oci/sizes.js"

const MB = 1_000_000
const layer = (name: string, megabytes: number, digest = name): ImageLayer => ({
  name,
  digest: `sha256:${digest}`,
  bytes: megabytes * MB,
  compressedBytes: (megabytes * MB) / 3,
})
const LAYERS = [layer("base image", 100), layer("packages", 700), layer("node", 120), layer("runner", 500)]
const BUDGET: SizeDemands = { budgetBytes: 950 * MB }

const judged = (demands: SizeDemands, ...images: Parameters<typeof sizeChecks>[1]) =>
  Object.fromEntries(
    [...sizeChecks(demands, images)].map(([platform, checks]) => [
      platform,
      checks.map(({ name, status, expected, actual, reason }) =>
        [status, name, expected, actual, reason].filter((part) => part !== undefined).join(" | "),
      ),
    ]),
  )

describe("the checks of sizes", () => {
  it("pass within the budget, which leaves the runner aside, on platforms that are alike", () => {
    const other = [layer("base image", 100), layer("packages", 703), layer("runner", 510)]
    expect(judged(BUDGET, { platform: "a", layers: LAYERS }, { platform: "b", layers: [...other, layer("node", 120)] }))
      .toMatchInlineSnapshot(`
      {
        "a": [
          "passed | size/budget",
          "passed | size/platforms",
        ],
        "b": [
          "passed | size/budget",
          "passed | size/platforms",
        ],
      }
    `)
  })

  it("name an image over its budget, and its largest layers", () => {
    const layers = [...LAYERS, layer("gh", 40)]
    expect(judged(BUDGET, { platform: "a", layers: LAYERS }, { platform: "b", layers })).toMatchInlineSnapshot(`
      {
        "a": [
          "passed | size/budget",
          "passed | size/platforms",
        ],
        "b": [
          "failed | size/budget | at most 950.0 MB | 960.0 MB, of which packages 700.0 MB, node 120.0 MB, base image 100.0 MB | make the largest layers smaller, or raise the budget",
          "passed | size/platforms",
        ],
      }
    `)
  })

  it("name platforms that are 6 % apart, with their sizes, and suppress 4 %", () => {
    const platform = (name: string, megabytes: number) => ({ platform: name, layers: [layer("packages", megabytes)] })
    expect(judged(BUDGET, platform("a", 530), platform("b", 500))).toMatchInlineSnapshot(`
      {
        "a": [
          "passed | size/budget",
          "failed | size/platforms | less than 5.0 % | 6.0 %: a 530.0 MB, b 500.0 MB",
        ],
        "b": [
          "passed | size/budget",
          "failed | size/platforms | less than 5.0 % | 6.0 %: a 530.0 MB, b 500.0 MB",
        ],
      }
    `)
    expect(judged(BUDGET, platform("a", 520), platform("b", 500))).toEqual({
      a: ["passed | size/budget", "passed | size/platforms"],
      b: ["passed | size/budget", "passed | size/platforms"],
    })
    expect(judged(BUDGET, platform("a", 525), platform("b", 500)).a?.[1]).toMatch(/^failed \| size\/platforms/)
  })

  it("say so when there is nothing to compare with", () => {
    expect(judged({ ...BUDGET, parent: "chrome", minimumShared: 0.85 }, { platform: "a", layers: LAYERS }))
      .toMatchInlineSnapshot(`
      {
        "a": [
          "passed | size/budget",
          "skipped | size/platforms | a single platform was built",
          "skipped | size/shared | chrome was not built in the same run",
        ],
      }
    `)
  })

  it("demand that layers are shared, by their digests", () => {
    const demands = { budgetBytes: 2000 * MB, parent: "chrome", minimumShared: 0.85 }
    const layers = [...LAYERS, layer("go", 260)]
    const made = LAYERS.map((shared) => (shared.name === "node" ? layer("node", 120, "another") : shared))
    expect(judged(demands, { platform: "a", layers, parentLayers: LAYERS }).a?.at(-1)).toBe(
      "failed | size/shared | at least 85.0 % | 84.5 %",
    )
    expect(
      judged(demands, { platform: "a", layers: [...LAYERS, layer("go", 240)], parentLayers: LAYERS }).a?.at(-1),
    ).toBe("passed | size/shared")
    expect(judged(demands, { platform: "a", layers, parentLayers: made }).a?.at(-1)).toBe(
      "failed | size/shared | at least 85.0 % | 77.4 %",
    )
    expect(sharedBytes(layers, made)).toBe(1300 * MB)
  })
})

it("every variant has a budget, and what extends another one no smaller than that", () => {
  expect(
    Object.entries(DEFINITIONS).map(([name, { budgetBytes, minimumShared }]) => [name, budgetBytes, minimumShared]),
  ).toMatchInlineSnapshot(`
    [
      [
        "standard",
        1020000000,
        undefined,
      ],
      [
        "chrome",
        1820000000,
        undefined,
      ],
      [
        "chrome-go",
        2120000000,
        0.85,
      ],
    ]
  `)
})

describe("what a tool costs", () => {
  const tool = (name: string, source: string) => ({ name, version: "1", source })

  it("is its layer's bytes, or what dpkg says of its package", () => {
    const status = `Package: gh
Status: install ok installed
Version: 2.46.0-3
Installed-Size: 45000

Package: docker-cli
Status: deinstall ok config-files
Version: 26.1.5
Installed-Size: 30000
`
    const tools = [tool("node", "npm:node@1"), tool("gh", "deb:gh"), tool("docker", "deb:docker-cli")]
    expect(withCosts(tools, LAYERS, installedSizes(status)).map(({ name, bytes }) => [name, bytes])).toEqual([
      ["node", 120 * MB],
      ["gh", 46_080_000],
      ["docker", undefined],
    ])
  })
})
