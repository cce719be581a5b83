import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { beforeAll, describe, expect, it } from "vitest"
import { diffSchema, type Diff } from "../../../dagger/src/core/diff/schema.js"
import { digestOf } from "../../../dagger/src/core/oci/documents.js"
import type { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import type { Report } from "../../../dagger/src/core/report/report.js"
import { runCommandLine } from "../../../src/commands/parser.js"
import { PlainTerminal } from "../../../src/output/plain.js"
import { Interrupts } from "../../../src/session/interrupt.js"
import { CONFIG, installed, layer, platform, sha256 } from "../core/diff/builds.js"
import { report } from "../core/report/reports.js"
import { commandLine, refusal, WORK } from "./command-line.js"
import { writeLayout } from "./layouts.js"

const BOTH = ["linux/amd64", "linux/arm64"]
const place = (name: string) => join(WORK, "diff", name)

/** Writes a build as `build --output` does: a layout, and the report that describes it. */
function write(name: string, config: object, change: Partial<Report>): void {
  const images = Object.fromEntries(BOTH.map((platform) => [platform, Buffer.from(name)]))
  const blobs = writeLayout(place(name), images, config)
  const made = report({ platforms: BOTH.map((name) => platform(name)), index: blobs.at(-1), ...change })
  writeFileSync(join(place(name), "report.json"), JSON.stringify(made))
}

const git = (version: string, digit: string) => ({ name: "git", version, sha256: sha256(digit) })
const check = (status: "passed" | "failed") => ({ name: "elf/machine", proves: "programs fit the platform", status })

beforeAll(() => {
  write("old", CONFIG, {
    parity: installed({ git: "1:2.47.2", libc6: "2.41-11", "cpp-ARCH-linux-gnu": "14" }),
    platforms: BOTH.map((name) => platform(name, { packages: [git("1:2.47.2", "a")], checks: [check("passed")] })),
  })
  write(
    "new",
    {
      ...CONFIG,
      User: "0",
      Entrypoint: ["/bin/sh"],
      Env: ["PATH=/usr/bin:/bin"],
      Labels: {},
      ExposedPorts: { "9091/tcp": {} },
      Volumes: { "/data": {} },
      Healthcheck: { ...CONFIG.Healthcheck, Interval: 60_000_000_000 },
    },
    {
      version: "0.2.0",
      created: "2026-01-03T03:04:05Z",
      runner: { kind: "official", version: "2.330.0" },
      parity: installed({ git: "1:2.47.3", libc6: "2.41-12", jq: { "linux/amd64": "1.7", "linux/arm64": null } }),
      platforms: BOTH.map((name) =>
        platform(name, {
          base: `debian@sha256:${sha256("d")}`,
          packages: [git("1:2.47.3", "b")],
          tools: [{ name: "node", version: "24.2.0", source: "https://nodejs.org/v24.2.0" }],
          layers: [layer("base image", "7", 101_000_000), layer("packages", "6", 200_000_000)],
          compressedBytes: 298_500_000,
          checks: [check("failed")],
        }),
      ),
    },
  )
})

/** What a command line answers in this process, and the error that it ends with. */
async function answer(...words: string[]): Promise<{ text: string; error?: RunnerImagesError }> {
  let text = ""
  const terminal = new PlainTerminal(new PassThrough())
  const context = { terminal, interrupts: new Interrupts(() => undefined), answer: (given: string) => (text += given) }
  try {
    await runCommandLine(["diff", ...words], context)
    return { text }
  } catch (error) {
    return { text, error: error as RunnerImagesError }
  } finally {
    terminal.close()
  }
}

const parsed = (text: string): Diff => diffSchema.parse(JSON.parse(text))

describe("diff of two builds", () => {
  it("is Markdown, with every kind of difference", async () => {
    const { text, error } = await answer(place("old"), place("new"))
    expect(error).toBeUndefined()
    expect(text).toMatchInlineSnapshot(`
      "# standard 0.1.0 → 0.2.0

      - Old: \`sha256:98d6a41262a78d51ce37e92cbddc2e28bbf18f7b20c6d4ceb249407cc72eff9b\`, 2026-01-02T03:04:05Z
      - New: \`sha256:0c0193018676ab7c3137a43703769edfbd32749872bbbcf711d3b7f303626b73\`, 2026-01-03T03:04:05Z
      - Image: 5 changed
      - Packages: 1 added, 1 removed, 2 changed
      - Tools: 1 changed
      - Configuration: 2 added, 3 changed
      - Environment: 1 removed, 1 changed
      - Labels: 1 removed
      - Layers: 1 changed
      - Checks: 1 changed
      - Compressed: linux/amd64 297.5 MB → 298.5 MB (+0.3 %); linux/arm64 297.5 MB → 298.5 MB (+0.3 %)

      ## Image

      | Property | Change | Old | New | Platforms |
      | --- | --- | --- | --- | --- |
      | base | changed | debian@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb | debian@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd | all |
      | created | changed | 2026-01-02T03:04:05Z | 2026-01-03T03:04:05Z | all |
      | index | changed | \`sha256:98d6a41262a7\` | \`sha256:0c0193018676\` | all |
      | project version | changed | 0.1.0 | 0.2.0 | all |
      | runner | changed | act 0.13.0-act | official 2.330.0 | all |

      ## Packages

      | Package | Change | Old | New | Platforms |
      | --- | --- | --- | --- | --- |
      | cpp-ARCH-linux-gnu | removed | 14 |  | all |
      | git | changed | 1:2.47.2 | 1:2.47.3 | all |
      | jq | added |  | 1.7 | linux/amd64 |
      | libc6 | changed | 2.41-11 | 2.41-12 | all |

      ## Tools

      | Tool | Change | Old | New | Platforms |
      | --- | --- | --- | --- | --- |
      | node | changed | 24.1.0 | 24.2.0 | all |
      | node, source | changed | npm:node-linux@24.1.0 | https://nodejs.org/v24.2.0 | all |

      ## Configuration

      | Setting | Change | Old | New | Platforms |
      | --- | --- | --- | --- | --- |
      | entrypoint | changed | \\["/entrypoint.sh"\\] | \\["/bin/sh"\\] | all |
      | exposed ports | added |  | 9091/tcp | all |
      | health check, interval | changed | 30 s | 60 s | all |
      | user | changed | 1001 | 0 | all |
      | volumes | added |  | /data | all |

      ## Environment

      | Variable | Change | Old | New | Platforms |
      | --- | --- | --- | --- | --- |
      | LANG | removed | C.UTF-8 |  | all |
      | PATH | changed | /usr/bin | /usr/bin:/bin | all |

      ## Labels

      | Label | Change | Old | New | Platforms |
      | --- | --- | --- | --- | --- |
      | org.opencontainers.image.title | removed | GitHub Actions runner |  | all |

      ## Layers

      | Layer | Change | Old | New | Unpacked | Platforms |
      | --- | --- | --- | --- | --- | --- |
      | base image | changed | \`sha256:555555555555\` | \`sha256:777777777777\` | 100.0 MB → 101.0 MB (+1.0 %) | all |

      ## Checks

      | Check | Change | Old | New | Platforms |
      | --- | --- | --- | --- | --- |
      | elf/machine | changed | passed | failed | all |

      ## Sizes

      | Platform | Compressed | Unpacked |
      | --- | --- | --- |
      | linux/amd64 | 297.5 MB → 298.5 MB (+0.3 %) | 300.0 MB → 301.0 MB (+0.3 %) |
      | linux/arm64 | 297.5 MB → 298.5 MB (+0.3 %) | 300.0 MB → 301.0 MB (+0.3 %) |"
    `)
  })

  it("is JSON for programs", async () => {
    const { text, error } = await answer(place("old"), place("new"), "--json")
    expect(error).toBeUndefined()
    expect(parsed(text)).toMatchSnapshot()
  })

  it("is one sentence for a build and itself, which --exit-code accepts", async () => {
    const { text, error } = await answer(place("old"), place("old"), "--exit-code")
    expect(error).toBeUndefined()
    expect(text).toMatchInlineSnapshot(
      `"Nothing changed: both builds of standard 0.1.0 are \`sha256:98d6a41262a78d51ce37e92cbddc2e28bbf18f7b20c6d4ceb249407cc72eff9b\`."`,
    )
  })

  it("ends with exit code 3 after the answer if --exit-code is given, and with 0 otherwise", async () => {
    const [asked, plain] = await Promise.all([
      commandLine(["diff", "diff/old", "diff/new", "--exit-code"]),
      commandLine(["diff", "diff/old", "diff/new"]),
    ])
    expect(asked.stdout).toBe((await answer(place("old"), place("new"))).text)
    expect(asked.exitCode).toBe(3)
    expect(asked.stderr).toMatchInlineSnapshot(`
      "error: The builds have 21 differences. [BUILDS_DIFFER]
      The answer names them. Without --exit-code, differences are not an error."
    `)
    expect(plain).toEqual({ exitCode: 0, stdout: asked.stdout, stderr: "" })
  })

  it("compares what reports say, and says that they have no configuration", async () => {
    const [old, recent] = [join(place("old"), "report.json"), join(place("new"), "report.json")]
    const [whole, reports, mixed] = await Promise.all(
      [
        [place("old"), place("new")],
        [old, recent],
        [place("old"), recent],
      ].map(async (paths) => parsed((await answer(...paths, "--json")).text)),
    )
    const configured = ["configuration", "environment", "label"]
    expect(reports?.changes).toEqual(whole?.changes.filter(({ area }) => !configured.includes(area)))
    expect(whole?.notCompared).toEqual([])
    expect(reports?.notCompared).toEqual([
      { what: "configuration", why: "both builds are given by their reports alone" },
    ])
    expect(mixed?.notCompared).toEqual([{ what: "configuration", why: "the new build is given by its report alone" }])
  })

  it("looks for an engine if one of them is in a registry", async () => {
    const { exitCode, stdout, stderr } = await commandLine(["diff", "registry.example/runner:1", "diff/new"])
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" })
    expect(stderr).toContain("No Dagger engine answers at unix://<work>/no-engine.sock")
  })

  it("takes the folder of a build that wrote no image", async () => {
    mkdirSync(place("failed"), { recursive: true })
    const { index: _index, ...unfinished } = report({
      platforms: BOTH.map((name) => platform(name, { layers: undefined })),
    })
    writeFileSync(join(place("failed"), "report.json"), JSON.stringify(unfinished))
    const { text, error } = await answer(place("old"), place("failed"))
    expect(error).toBeUndefined()
    expect(text).toContain("- Not compared: configuration, because the new build wrote no image\n")
  })
})

describe("a build that cannot be compared is refused:", () => {
  const written = (name: string, text: string) => {
    mkdirSync(place(""), { recursive: true })
    writeFileSync(place(name), text)
    return place(name)
  }
  const changed = (change: (report: Report) => unknown) => {
    const whole = JSON.parse(readFileSync(join(place("old"), "report.json"), "utf8")) as Report
    return JSON.stringify(change(whole))
  }

  it("too few and too many", async () => {
    expect(await refusal("diff")).toMatchInlineSnapshot(`
      "2
      error: diff compares two builds, and none is given. [USAGE]
      Give both, as in: runner-images diff old/standard dist/standard"
    `)
    expect(await refusal("diff", place("old"))).toMatchInlineSnapshot(`
      "2
      error: diff compares two builds, and only <work>/diff/old is given. [USAGE]
      Give both, as in: runner-images diff old/standard dist/standard"
    `)
    expect(await refusal("diff", "a", "b", "c")).toMatchInlineSnapshot(`
      "2
      error: diff does not take "c". [USAGE]
      Run runner-images diff --help to see what it takes."
    `)
  })

  it("what is neither a path nor the name of an image", async () => {
    expect(await refusal("diff", "ghcr.io/OWNER/github-runner:latest", place("new"))).toMatchInlineSnapshot(`
      "2
      error: ghcr.io/OWNER/github-runner:latest cannot be compared: there is no such file or folder, and it is no image in a registry either: "OWNER/github-runner" in "ghcr.io/OWNER/github-runner:latest" is not a repository's path. [DIFF_INVALID]
      Give the folder of a build, such as dist/standard, its report.json, or an image in a registry, such as ghcr.io/OWNER/github-runner:latest."
    `)
    expect(await refusal("diff", place("old"), "")).toMatchInlineSnapshot(`
      "2
      error: A build cannot be compared: its path is empty. [DIFF_INVALID]
      Give the folder of a build, such as dist/standard, its report.json, or an image in a registry, such as ghcr.io/OWNER/github-runner:latest."
    `)
  })

  it.each([
    ["dist/standrad", ', and it is no image in a registry either: "dist/standrad" does not name a registry.'],
    [
      "old.d/report.json",
      ', and it is no image in a registry either: The image "old.d/report.json" has neither a tag nor a digest.',
    ],
    ["./old/report.json", "."],
  ])("%s, which is not there", async (given, why) => {
    expect(await refusal("diff", place("old"), given)).toContain(
      `error: ${given} cannot be compared: there is no such file or folder${why} [DIFF_INVALID]\n`,
    )
  })

  it("images of two registries, of which one would be sent the password of the other", async () => {
    const images = ["ghcr.io/team/runner:1", "registry.example:5000/team/runner:1"]
    const login = ["--username", "me", "--password-file", written("password", "secret")]
    expect(await refusal("diff", ...images, ...login)).toMatchInlineSnapshot(`
      "2
      error: --username is for one registry, and the images are in ghcr.io and registry.example:5000. [USAGE]
      Give the folder or the report.json of one of the builds in place of its image."
    `)
  })

  it("a path that cannot be read, before an engine is looked for", async () => {
    expect(await refusal("diff", "ghcr.io/team/runner:1", place(""))).toContain(
      "diff cannot be compared: the folder has",
    )
  })

  it("a folder without a report", async () => {
    expect(await refusal("diff", place("old"), place(""))).toMatchInlineSnapshot(`
      "2
      error: <work>/diff cannot be compared: the folder has no report.json. [DIFF_INVALID]
      Give the folder of a build, such as dist/standard, its report.json, or an image in a registry, such as ghcr.io/OWNER/github-runner:latest."
    `)
  })

  it("what is not a report", async () => {
    expect(await refusal("diff", place("old"), written("text", "hello"))).toMatchInlineSnapshot(`
      "2
      error: <work>/diff/text cannot be compared: its report cannot be read: it is not JSON. [DIFF_INVALID]
      Give the folder of a build, such as dist/standard, its report.json, or an image in a registry, such as ghcr.io/OWNER/github-runner:latest."
    `)
    expect(await refusal("diff", place("old"), written("list.json", "[]"))).toMatchInlineSnapshot(`
      "2
      error: <work>/diff/list.json cannot be compared: its report cannot be read: it: Invalid input: expected object, received array. [DIFF_INVALID]
      Give the folder of a build, such as dist/standard, its report.json, or an image in a registry, such as ghcr.io/OWNER/github-runner:latest."
    `)
  })

  it("a report of another version", async () => {
    const path = written(
      "earlier.json",
      changed((report) => ({ ...report, schemaVersion: 3 })),
    )
    expect(await refusal("diff", path, place("new"))).toMatchInlineSnapshot(`
      "2
      error: <work>/diff/earlier.json cannot be compared: its report cannot be read: it is a report of schema version 3, but this program writes version 4; schemaVersion: Invalid input: expected 4. [DIFF_INVALID]
      Give the folder of a build, such as dist/standard, its report.json, or an image in a registry, such as ghcr.io/OWNER/github-runner:latest."
    `)
  })

  it("a layout that the report beside it does not describe", async () => {
    write("foreign", CONFIG, { index: `sha256:${sha256("e")}` })
    expect(await refusal("diff", place("foreign"), place("new"))).toMatchInlineSnapshot(`
      "2
      error: <work>/diff/foreign cannot be compared: its report describes sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee, but the layout beside it has sha256:28576a748d454f7fca43c76be07080bbf893ada7423f69d521f0d964656b94fa. [DIFF_INVALID]
      Give the folder of a build, such as dist/standard, its report.json, or an image in a registry, such as ghcr.io/OWNER/github-runner:latest."
    `)
  })

  it("a damaged layout", async () => {
    write("damaged", CONFIG, {})
    const { index = "" } = JSON.parse(readFileSync(join(place("damaged"), "report.json"), "utf8")) as Report
    const blob = join(place("damaged"), "blobs", index.replace(":", "/"))
    const text = readFileSync(blob, "utf8")
    writeFileSync(blob, `${text} `)
    expect((await refusal("diff", place("damaged"), place("new"))).replace(digestOf(`${text} `), "<other>")).toContain(
      `diff/damaged cannot be compared: its layout is damaged: The image layout cannot be used: the content of blob ${index} has the digest <other>.`,
    )
  })
})
