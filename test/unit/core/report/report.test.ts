import { XMLParser } from "fast-xml-parser"
import { SyntaxValidator } from "fast-xml-validator"
import { describe, expect, it } from "vitest"
import { renderJUnit } from "../../../../dagger/src/core/render/junit.js"
import { renderMarkdown } from "../../../../dagger/src/core/render/markdown.js"
import { reportSchema, withoutTimes } from "../../../../dagger/src/core/report/report.js"
import { FAILED, INCONCLUSIVE, PASSED, platformReport, PROVED, report, SKIPPED } from "./reports.js"

const mixed = () => {
  const arm = platformReport("linux/arm64", {
    checks: [PASSED, FAILED, SKIPPED],
    installation: { method: "emulated", reason: "the native tools root has other versions" },
  })
  delete arm.digest
  const made = report({ platforms: [platformReport("linux/amd64"), arm] })
  delete made.index
  return made
}

it("the tests' own reports are of the schema", () => {
  expect(reportSchema.parse(report())).toEqual(report())
  expect(reportSchema.parse(mixed())).toEqual(mixed())
})

it("the same image's reports are equal without their times", () => {
  const timed = (seconds: number) =>
    report({
      platforms: [
        platformReport("linux/amd64", {
          checks: [{ ...PASSED, seconds }, ...(seconds > 1 ? [{ ...SKIPPED, attempts: 2 as const }] : [SKIPPED])],
          steps: [{ name: "packages", seconds }],
          seconds,
        }),
      ],
    })
  expect(withoutTimes(timed(2))).toEqual(withoutTimes(timed(0.5)))
  expect(reportSchema.parse(withoutTimes(timed(2)))).toMatchObject({
    platforms: [{ checks: [PASSED, SKIPPED], steps: [] }],
  })
})

describe("renderMarkdown", () => {
  it("shows the sizes of layers and tools, the runner aside, and what is shared", () => {
    const layer = (name: string, bytes: number) => ({
      name,
      digest: `sha256:${"d".repeat(64)}`,
      bytes,
      compressedBytes: bytes / 4,
    })
    const measured = (platform: string, node: number) =>
      platformReport(platform, {
        layers: [layer("base image", 80_000_000), layer("node", node), layer("runner", 40_000_000)],
        shared: { variant: "standard", bytes: 80_000_000 },
        tools: [
          { name: "node", version: "24.1.0", source: "npm:node-linux@24.1.0", bytes: node },
          { name: "gh", version: "2.46.0-3", source: "deb:gh", bytes: 46_080_000 },
        ],
      })
    const made = report({ platforms: [measured("linux/amd64", 120_000_000), measured("linux/arm64", 122_000_000)] })
    expect(reportSchema.parse(made)).toEqual(made)
    const [, sizes] = /(## Sizes[^]*?)\n\n## /.exec(renderMarkdown(made)) ?? []
    expect(sizes).toMatchInlineSnapshot(`
      "## Sizes

      | Layer | linux/amd64, unpacked | compressed | linux/arm64, unpacked | compressed |
      | --- | --- | --- | --- | --- |
      | base image | 80.0 MB | 20.0 MB | 80.0 MB | 20.0 MB |
      | node | 120.0 MB | 30.0 MB | 122.0 MB | 30.5 MB |
      | runner | 40.0 MB | 10.0 MB | 40.0 MB | 10.0 MB |
      | **all except the runner** | 200.0 MB | 50.0 MB | 202.0 MB | 50.5 MB |
      | **all** | 240.0 MB | 60.0 MB | 242.0 MB | 60.5 MB |

      - Platforms differ by 0.8 %.
      - linux/amd64: 33.3 % of its bytes are layers of standard.
      - linux/arm64: 33.1 % of its bytes are layers of standard.

      | Tool, unpacked | linux/amd64 | linux/arm64 |
      | --- | --- | --- |
      | node | 120.0 MB | 122.0 MB |
      | gh | 46.1 MB, as dpkg estimates | 46.1 MB, as dpkg estimates |"
    `)
  })

  it("shows platforms, failures first, tools side by side and times", () => {
    expect(renderMarkdown(mixed())).toMatchInlineSnapshot(`
      "# standard 0.1.0

      - **No image was written.**
      - Created: 2026-01-02T03:04:05Z
      - Requested sources: registry
      - Runner: **act** 0.13.0-act (github-act-runner, unofficial)

      ## Platforms

      | Platform | Manifest | Compressed | Packages | Installed | Checks | Seconds |
      | --- | --- | --- | --- | --- | --- | --- |
      | linux/amd64 | \`sha256:1111111111111111111111111111111111111111111111111111111111111111\` | 297.5 MB | 1 | native | 1 passed | 64.8 |
      | linux/arm64 |  | 297.5 MB | 1 | emulated: the native tools root has other versions | 1 passed, 1 failed, 1 skipped | 64.8 |

      ## Failed checks

      | Platform | Check | Expected | Actual | Reason |
      | --- | --- | --- | --- | --- |
      | linux/arm64 | elf/architecture | 183 | 62 in /usr/bin/x | A program for another machine would not start. |

      ## Skipped checks

      | Platform | Check | Expected | Actual | Reason |
      | --- | --- | --- | --- | --- |
      | linux/arm64 | runner/listener |  |  | needs a network |

      ## Checks

      | Check | Proves | linux/amd64 | linux/arm64 |
      | --- | --- | --- | --- |
      | version/git | git is the version resolved | passed | passed |
      | elf/architecture | every program is for this platform |  | failed |
      | runner/listener | the runner starts |  | skipped |

      ## Tools

      | Tool | linux/amd64 | linux/arm64 |
      | --- | --- | --- |
      | node | 24.1.0 (npm:node-linux@24.1.0) | 24.1.0 (npm:node-linux@24.1.0) |

      ## Sources of tools

      | Tool | From | Reason |
      | --- | --- | --- |
      | node | registry | asked for |

      ## Package archives

      | Release file | Date | sha256 |
      | --- | --- | --- |
      | deb.example_debian_dists_trixie_InRelease | 2026-01-02T00:00:00Z | \`cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\` |

      ## Time

      | Step, seconds | linux/amd64 | linux/arm64 |
      | --- | --- | --- |
      | packages | 61.3 | 61.3 |
      | checks | 3.5 | 3.5 |
      "
    `)
  })

  it("shows checks without an answer, how long others took, and which ran in another variant's image", () => {
    const again = { ...PASSED, name: "work/npm", seconds: 12.34, attempts: 2 as const }
    const made = report({ platforms: [platformReport("linux/arm64", { checks: [PROVED, again, INCONCLUSIVE] })] })
    expect(reportSchema.parse(made)).toEqual(made)
    const rendered = renderMarkdown(made)
    expect(/\| linux\/arm64 \|.*\|/.exec(rendered)?.[0]).toMatchInlineSnapshot(
      `"| linux/arm64 | \`sha256:2222222222222222222222222222222222222222222222222222222222222222\` | 297.5 MB | 1 | native | 2 passed (1 proved by chrome), 1 inconclusive | 64.8 |"`,
    )
    expect(/## Inconclusive[^]*?(?=\n## Tools)/.exec(rendered)?.[0]).toMatchInlineSnapshot(`
      "## Inconclusive checks

      | Platform | Check | Expected | Actual | Reason |
      | --- | --- | --- | --- | --- |
      | linux/arm64 | browser/session |  |  | no answer within 600 seconds, nor within 640 seconds when no other check ran |

      ## Checks

      | Check | Proves | linux/arm64 |
      | --- | --- | --- |
      | version/git | git is the version resolved | passed by chrome |
      | work/npm | git is the version resolved | passed, 12.3 s, at the second attempt |
      | browser/session | a browser opens a page | inconclusive, 640.0 s, at the second attempt |
      "
    `)
  })

  it("shows all that a check found, what was accepted and why, and what the definition accepts for nothing", () => {
    const findings = ["/usr/bin/a 4755", "/usr/bin/b 4755"]
    const failed = { ...FAILED, name: "files/setuid", actual: "/usr/bin/a 4755, and 1 more", findings }
    const accepted = [
      { finding: "/run/shm", reason: "a.conf of systemd declares this link", by: "package" as const },
      { finding: "/var/log/a", reason: "needed | read", by: "definition" as const },
    ]
    const made = report({
      platforms: [
        platformReport("linux/arm64", { checks: [failed, { ...PASSED, name: "files/leftovers", accepted }] }),
      ],
      unusedAccept: [{ check: "files/setuid", finding: "/usr/lib/*/c 4755", reason: "needed" }],
    })
    expect(reportSchema.parse(made)).toEqual(made)
    expect(/## Failed[^]*?(?=\n## Checks)/.exec(renderMarkdown(made))?.[0]).toMatchInlineSnapshot(`
      "## Failed checks

      | Platform | Check | Expected | Actual | Reason |
      | --- | --- | --- | --- | --- |
      | linux/arm64 | files/setuid | 183 | /usr/bin/a 4755<br>/usr/bin/b 4755 | A program for another machine would not start. |

      ## Accepted findings

      | Platform | Check | Finding | Accepted by | Reason |
      | --- | --- | --- | --- | --- |
      | linux/arm64 | files/leftovers | /run/shm | package | a.conf of systemd declares this link |
      | linux/arm64 | files/leftovers | /var/log/a | definition | needed \\| read |

      - The definition accepts what is not there: files/setuid /usr/lib/\\*/c 4755
      "
    `)
  })

  it("names known vulnerabilities of tools", () => {
    const tools = [
      { name: "go", version: "1.27.2", source: "https://dl.google.com/go", vulnerabilities: ["CVE-1", "CVE-2"] },
      { name: "gh", version: "2.1.0", source: "deb:gh" },
    ]
    const text = renderMarkdown(report({ platforms: [platformReport("linux/arm64", { tools })] }))
    expect(text.split("## Known vulnerabilities")[1]?.split("##")[0]).toMatchInlineSnapshot(`
      "

      | Platform | Tool | Version | Vulnerabilities |
      | --- | --- | --- | --- |
      | linux/arm64 | go | 1.27.2 | CVE-1, CVE-2 |

      "
    `)
  })

  it("has no sections for what did not happen", () => {
    const headings = renderMarkdown(report()).match(/^#+ .*/gm)
    expect(headings).toEqual([
      "# standard 0.1.0",
      "## Platforms",
      "## Checks",
      "## Tools",
      "## Sources of tools",
      "## Package archives",
      "## Time",
    ])
  })

  it.each([
    ["why they were not", { skipped: "only linux/arm64 was built" }, "Not compared: only linux/arm64 was built."],
    [
      "that they are equal",
      { platforms: ["linux/amd64", "linux/arm64"], software: [], paths: 7, differences: [], explained: [], unused: [] },
      "0 packages, 0 tools, 7 paths compared: 0 differences, 0 explained",
    ],
  ])("says of the platforms' images %s", (_, parity, line) => {
    const made = report({ parity })
    expect(reportSchema.parse(made)).toEqual(made)
    expect(renderMarkdown(made)).toContain(`## Parity\n\n${line}\n\n## Package archives`)
  })

  it("keeps a table whole whatever a program prints", () => {
    const actual = "one\n| two | *three* `four` <b> \u001b[1m"
    const rendered = renderMarkdown(
      report({ platforms: [platformReport("linux/amd64", { checks: [{ ...FAILED, actual }] })] }),
    )
    expect(rendered).toContain("| one<br>\\| two \\| \\*three\\* \\`four\\` \\<b\\> \\\\u001b\\[1m |")
  })
})

describe("renderJUnit", () => {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "@",
    isArray: (name) => /^test(suite|case)$/.test(name),
  })
  const parse = (xml: string): unknown => parser.parse(xml)

  it("has a suite per variant and platform, and a case per check", () => {
    expect(renderJUnit([mixed()])).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <testsuites name="runner-images" tests="4" failures="1" errors="0" skipped="1">
        <testsuite name="standard linux/amd64" tests="1" failures="0" errors="0" skipped="0">
          <testcase name="version/git" classname="standard linux/amd64"/>
        </testsuite>
        <testsuite name="standard linux/arm64" tests="3" failures="1" errors="0" skipped="1">
          <testcase name="version/git" classname="standard linux/arm64"/>
          <testcase name="elf/architecture" classname="standard linux/arm64">
            <failure message="expected 183, got 62 in /usr/bin/x" type="check">proves: every program is for this platform
      expected: 183
      actual: 62 in /usr/bin/x
      reason: A program for another machine would not start.</failure>
          </testcase>
          <testcase name="runner/listener" classname="standard linux/arm64">
            <skipped message="needs a network"/>
          </testcase>
        </testsuite>
      </testsuites>
      "
    `)
  })

  it("takes a check without an answer for a skipped one, and gives times and other variants' proofs", () => {
    const checks = [PROVED, { ...PASSED, name: "work/npm", seconds: 12.344 }, INCONCLUSIVE]
    expect(renderJUnit([report({ platforms: [platformReport("linux/arm64", { checks })] })])).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <testsuites name="runner-images" tests="3" failures="0" errors="0" skipped="1">
        <testsuite name="standard linux/arm64" tests="3" failures="0" errors="0" skipped="1">
          <testcase name="version/git" classname="standard linux/arm64">
            <system-out>proved by chrome</system-out>
          </testcase>
          <testcase name="work/npm" classname="standard linux/arm64" time="12.34"/>
          <testcase name="browser/session" classname="standard linux/arm64" time="640.01">
            <skipped message="inconclusive: no answer within 600 seconds, nor within 640 seconds when no other check ran"/>
          </testcase>
        </testsuite>
      </testsuites>
      "
    `)
  })

  it.each([
    ["its reason", { reason: "it did not end within 60 seconds" }, "it did not end within 60 seconds"],
    ["what it would have proven", {}, "not true: every program is for this platform"],
  ])("a failure without an answer is summed up by %s", (_case, change, message) => {
    const { name, proves } = FAILED
    const checks = [{ name, proves, status: "failed" as const, ...change }]
    expect(parse(renderJUnit([report({ platforms: [platformReport("linux/amd64", { checks })] })]))).toMatchObject({
      testsuites: { testsuite: [{ testcase: [{ failure: { "@message": message } }] }] },
    })
  })

  it("counts what it lists, over all reports", () => {
    expect(parse(renderJUnit([mixed(), report({ variant: "chrome" })]))).toMatchObject({
      testsuites: {
        "@tests": "6",
        "@failures": "1",
        "@skipped": "1",
        testsuite: [
          { "@name": "standard linux/amd64", "@tests": "1" },
          { "@name": "standard linux/arm64", "@tests": "3" },
          { "@name": "chrome linux/amd64", "@tests": "1" },
          { "@name": "chrome linux/arm64", "@tests": "1" },
        ],
      },
    })
  })

  it("stays XML whatever a program prints, and says the same when read back", () => {
    const actual = `<a b="c">'&amp;' ]]> ü 🏃 \u001b[1m \ud83c \u0000`
    const xml = renderJUnit([
      report({ platforms: [platformReport("linux/amd64", { checks: [{ ...FAILED, actual }] })] }),
    ])
    expect(SyntaxValidator.validate(xml)).toBe(true)
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/)
    expect(parse(xml)).toMatchObject({
      testsuites: {
        testsuite: [
          {
            testcase: [
              {
                failure: {
                  "@message": `expected 183, got <a b="c">'&amp;' ]]> ü 🏃 \\u001b[1m \\ud83c \\u0000`,
                  "#text": expect.stringContaining(
                    `actual: <a b="c">'&amp;' ]]> ü 🏃 \\u001b[1m \\ud83c \\u0000`,
                  ) as string,
                },
              },
            ],
          },
        ],
      },
    })
  })
})
