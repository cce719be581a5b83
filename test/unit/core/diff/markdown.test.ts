import { expect, it } from "vitest"
import { compareBuilds } from "../../../../dagger/src/core/diff/diff.js"
import { diffMarkdown } from "../../../../dagger/src/core/diff/markdown.js"
import { build, digest, layer, sha256, type Changes } from "./builds.js"

const markdown = (old: Changes, recent: Changes) => diffMarkdown(compareBuilds(build(old), build(recent)))
const git = (version: string) => ({ name: "git", version, sha256: sha256(version.slice(0, 1)) })

it("is one sentence if nothing changed", () => {
  expect(markdown({}, {})).toBe(`Nothing changed: both builds of standard 0.1.0 are \`${digest("0")}\`.`)
})

it("says what could not be compared even if nothing changed", () => {
  const failed: Changes = { report: { index: undefined }, platform: { layers: undefined }, reportOnly: true }
  expect(markdown(failed, failed)).toMatchInlineSnapshot(`
    "Nothing changed between these builds of standard 0.1.0, which wrote no images.

    - Not compared: configuration, because neither build wrote an image
    - Not compared: layers and sizes, because neither build wrote an image"
  `)
})

it("counts what changed, then lists it", () => {
  expect(
    markdown(
      {
        report: { index: digest("7") },
        platform: {
          packages: [git("1"), { ...git("1"), name: "gone" }],
          layers: [layer("base image", "5"), layer("packages", "6", 40_000_000)],
          compressedBytes: 100_000_000,
        },
        config: { Env: ["PATH=/a|b"] },
      },
      {
        report: { version: "0.2.0" },
        platform: {
          packages: [git("2"), { ...git("1"), name: "added" }],
          layers: [layer("base image", "5"), layer("packages", "7", 41_000_000), layer("go", "8")],
          compressedBytes: 99_000_000,
          tools: [{ name: "node", version: "24.1.0", source: "https://nodejs.org/node.tar.gz" }],
          checks: [{ name: "version/git", proves: "", status: "failed", expected: "<2>", actual: "a\nb" }],
        },
        config: { Env: ["PATH=/a|b", "EMPTY="] },
      },
    ),
  ).toMatchInlineSnapshot(`
    "# standard 0.1.0 → 0.2.0

    - Old: \`sha256:7777777777777777777777777777777777777777777777777777777777777777\`, 2026-01-02T03:04:05Z
    - New: \`sha256:0000000000000000000000000000000000000000000000000000000000000000\`, 2026-01-02T03:04:05Z
    - Image: 2 changed
    - Packages: 1 added, 1 removed, 1 changed
    - Tools: 1 changed
    - Environment: 1 added
    - Layers: 1 added, 1 changed
    - Checks: 1 changed
    - Compressed: linux/amd64 100.0 MB → 99.0 MB (-1.0 %); linux/arm64 100.0 MB → 99.0 MB (-1.0 %)

    ## Image

    | Property | Change | Old | New |
    | --- | --- | --- | --- |
    | index | changed | \`sha256:777777777777\` | \`sha256:000000000000\` |
    | project version | changed | 0.1.0 | 0.2.0 |

    ## Packages

    | Package | Change | Old | New | Platforms |
    | --- | --- | --- | --- | --- |
    | added | added |  | 1 | all |
    | git | changed | 1 | 2 | all |
    | gone | removed | 1 |  | all |

    ## Tools

    | Tool | Change | Old | New | Platforms |
    | --- | --- | --- | --- | --- |
    | node, source | changed | npm:node-linux@24.1.0 | https://nodejs.org/node.tar.gz | all |

    ## Environment

    | Variable | Change | Old | New | Platforms |
    | --- | --- | --- | --- | --- |
    | EMPTY | added |  |  | all |

    ## Layers

    | Layer | Change | Old | New | Unpacked | Platforms |
    | --- | --- | --- | --- | --- | --- |
    | go | added |  | \`sha256:888888888888\` | 2.0 MB | all |
    | packages | changed | \`sha256:666666666666\` | \`sha256:777777777777\` | 40.0 MB → 41.0 MB (+2.5 %) | all |

    ## Checks

    | Check | Change | Old | New | Platforms |
    | --- | --- | --- | --- | --- |
    | version/git | changed | passed | failed: expected \\<2\\>, found a<br>b | all |

    ## Sizes

    | Platform | Compressed | Unpacked |
    | --- | --- | --- |
    | linux/amd64 | 100.0 MB → 99.0 MB (-1.0 %) | 42.0 MB → 45.0 MB (+7.1 %) |
    | linux/arm64 | 100.0 MB → 99.0 MB (-1.0 %) | 42.0 MB → 45.0 MB (+7.1 %) |"
  `)
})

it("names platforms where they differ, and the variants", () => {
  expect(
    markdown(
      { report: { index: digest("7") } },
      { report: { variant: "chrome", index: digest("7") }, platforms: ["linux/arm64"], platform: { packages: [] } },
    ),
  ).toMatchInlineSnapshot(`
    "# standard 0.1.0 → chrome 0.1.0

    - Old: \`sha256:7777777777777777777777777777777777777777777777777777777777777777\`, 2026-01-02T03:04:05Z
    - New: \`sha256:7777777777777777777777777777777777777777777777777777777777777777\`, 2026-01-02T03:04:05Z
    - Platforms: 1 removed
    - Image: 1 changed
    - Packages: 1 removed

    ## Platforms

    | Platform | Change | Old | New |
    | --- | --- | --- | --- |
    | linux/amd64 | removed | \`sha256:111111111111\` |  |

    ## Image

    | Property | Change | Old | New |
    | --- | --- | --- | --- |
    | variant | changed | standard | chrome |

    ## Packages

    | Package | Change | Old | New | Platforms |
    | --- | --- | --- | --- | --- |
    | git | removed | 1:2.47.3-0+deb13u1 |  | linux/arm64 |"
  `)
})

it("lets no report write its own Markdown or control the terminal", () => {
  const name = "evil`| [x](y)\u001b[1m"
  const text = markdown({}, { platform: { packages: [{ ...git("1"), name }] }, report: { variant: "# a" } })
  expect(text).not.toMatch(/\u001b|[^\\]`\||[^\\]\[x/)
  expect(text).toContain("evil\\`\\| \\[x\\](y)\\\\u001b\\[1m")
})
