import { mkdirSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { PassThrough } from "node:stream"
import { describe, expect, it } from "vitest"
import { runCommandLine } from "../../../src/commands/parser.js"
import { PlainTerminal } from "../../../src/output/plain.js"
import { Interrupts } from "../../../src/session/interrupt.js"
import { FAILED, platformReport, report } from "../core/report/reports.js"
import { temporaryFolder } from "../temporary-folder.js"
import { refusal } from "./command-line.js"

async function list(...words: string[]): Promise<string> {
  const terminal = new PlainTerminal(new PassThrough())
  let text = ""
  const answer = (output: string): void => {
    text = output
  }
  await runCommandLine(["list", ...words], { terminal, interrupts: new Interrupts(() => undefined), answer })
  return text.replaceAll(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::[\d.]+Z| UTC)/g, "<time>")
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  utimesSync(path, 0, 0)
}

describe("list", () => {
  it("shows what was built, whole or not, and what cannot be read", async () => {
    const folder = temporaryFolder("dist")
    write(join(folder, "standard/report.json"), JSON.stringify(report()))
    write(join(folder, "standard.oci.tar"), "")
    const { index: _, ...failed } = report({ variant: "chrome" })
    const platforms = [platformReport("linux/arm64", { checks: [FAILED] })]
    write(join(folder, "chrome/report.json"), JSON.stringify({ ...failed, platforms }))
    write(join(folder, "old/report.json"), JSON.stringify({ ...report(), schemaVersion: 1 }))
    write(join(folder, "notes/readme.txt"), "")
    expect(`\n${await list(folder)}`.replaceAll(folder, "<dist>")).toMatchInlineSnapshot(`
      "
      ┌──────────┬──────────────────────┬─────────────┬─────────────────────┬──────────┬──────────┬────────────────────────────────────────────┐
      │ folder   │ built                │ platform    │ digest              │     size │ checks   │ runner                                     │
      ├──────────┼──────────────────────┼─────────────┼─────────────────────┼──────────┼──────────┼────────────────────────────────────────────┤
      │ chrome   │ <time> │ linux/arm64 │ sha256:222222222222 │ 297.5 MB │ 1 failed │ 0.13.0-act (github-act-runner, unofficial) │
      │ old      │ <time> │             │                     │          │          │                                            │
      │ standard │ <time> │ linux/amd64 │ sha256:111111111111 │ 297.5 MB │ 1 passed │ 0.13.0-act (github-act-runner, unofficial) │
      │ standard │ <time> │ linux/arm64 │ sha256:222222222222 │ 297.5 MB │ 1 passed │ 0.13.0-act (github-act-runner, unofficial) │
      └──────────┴──────────────────────┴─────────────┴─────────────────────┴──────────┴──────────┴────────────────────────────────────────────┘
      chrome: checks failed, so there is no image
      old: its report cannot be read: it is a report of schema version 1, but this program writes version 4; schemaVersion: Invalid input: expected 4
      standard: the image is not as the build wrote it
      standard: sha256:0000000000000000000000000000000000000000000000000000000000000000
      standard: archive <dist>/standard.oci.tar"
    `)
    const builds = JSON.parse(await list(folder, "--json")) as { name: string; state: string }[]
    expect(builds.map(({ name, state }) => `${name}: ${state}`)).toEqual([
      "chrome: no image",
      "old: unreadable",
      "standard: incomplete",
    ])
  })

  it("says that there is nothing, also where there is no folder", async () => {
    const folder = temporaryFolder("dist")
    expect(await list(folder)).toBe(`Nothing was built into ${folder}.`)
    expect(await list(join(folder, "none"))).toBe(`Nothing was built into ${folder}/none.`)
    expect(await list(join(folder, "none"), "--json")).toBe("[]")
  })

  it("refuses a file", async () => {
    const file = join(temporaryFolder("dist"), "file")
    write(file, "")
    expect(await refusal("list", file)).toBe(
      `2\nerror: ${file} is not a folder. [USAGE]\nGive the folder that builds were written to.`,
    )
  })
})
