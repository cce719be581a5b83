import { execa } from "execa"
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { composeRequest } from "../../../dagger/src/core/plan/compose-request.js"
import type { Report } from "../../../dagger/src/core/report/report.js"
import { sbomPaths } from "../../../dagger/src/core/sbom/formats.js"
import { writeArchive } from "../../../src/artifacts/archive.js"
import { hostPlatform } from "../../../src/destinations/host-platform.js"
import { engineInputs } from "../../../src/engine/identity.js"
import { readInputs } from "../../../src/input/host-inputs.js"
import { summariseVariant } from "../../../src/output/summary.js"
import { platformReport, report } from "../../unit/core/report/reports.js"
import { cacheless, ROOT, WORK } from "../../unit/cli/command-line.js"
import { writeLayout } from "../../unit/cli/layouts.js"

/** No session can be opened with the engine that the environment names: it does not exist. */
const ENGINE = engineInputs({
  kind: "environment",
  reason: "",
  env: { _EXPERIMENTAL_DAGGER_RUNNER_HOST: cacheless._EXPERIMENTAL_DAGGER_RUNNER_HOST },
})
const PLATFORMS = ["linux/amd64", "linux/arm64"]
const GIVEN = { sources: "registry", source: { url: "https://git.example.com/owner/runner", revision: "c".repeat(40) } }
const WORDS = ["--sources", "registry", "--source-url", GIVEN.source.url, "--source-revision", GIVEN.source.revision]
const PLAIN = { sudo: false, root: false, cjkFonts: false, refresh: false }

let original: Report
let count = 0

beforeAll(async () => {
  const [index = "", ...others] = writeLayout(
    join(WORK, "original/standard"),
    Object.fromEntries(PLATFORMS.map((platform) => [platform, Buffer.from(platform)])),
  ).reverse()
  const manifests = [others[3], others[0]]
  const request = composeRequest({ ...GIVEN, ...PLAIN })
  original = report({
    index,
    platforms: PLATFORMS.map((platform, at) => platformReport(platform, { digest: manifests[at] ?? "" })),
    inputs: await readInputs({ request }, ENGINE),
  })
  mkdirSync(join(WORK, "original/standard/sbom"))
  for (const name of ["report.md", "report.xml", ...sbomPaths(PLATFORMS)])
    writeFileSync(join(WORK, "original/standard", name), "")
})

/** An output folder as a build leaves it, with another report if one is given. */
function built(change: Partial<Report> = {}): string {
  const output = join(WORK, `built-${++count}`)
  cpSync(join(WORK, "original"), output, { recursive: true })
  writeFileSync(join(output, "standard/report.json"), JSON.stringify({ ...original, ...change }))
  return output
}

/** The program as a user starts it. */
async function commandLine(words: string[], env: Record<string, string> = {}) {
  const all = { ...cacheless, XDG_CACHE_HOME: join(WORK, "cache"), ...env }
  return execa(join(ROOT, "runner-images"), words, { cwd: WORK, reject: false, stdin: "ignore", env: all })
}

/** Builds into a folder. Anything but what is there already ends with an error, because there is no engine. */
async function build(output: string, ...words: string[]) {
  const { exitCode, stdout, stderr } = await commandLine(["build", ...WORDS, "--output", output, ...words])
  const [said = "", ...rest] = stderr.replaceAll(output, "<output>").split("\n")
  return { exitCode, stdout, said, rest: rest.join("\n") }
}

describe("a build of which nothing changed", () => {
  it("is up to date, and answers as the build did", async () => {
    const output = built()
    const { exitCode, stdout, said, rest } = await build(output, "--json")
    expect({ exitCode, said, rest }).toEqual({
      exitCode: 0,
      said: `standard is up to date: ${original.index ?? ""} in <output>/standard`,
      rest: "",
    })
    const { variants } = JSON.parse(stdout) as { variants: unknown[] }
    expect(variants).toEqual([summariseVariant(original, { directory: join(output, "standard") })])
  })

  it("says that sources were decided earlier", async () => {
    const request = composeRequest({ ...GIVEN, sources: "auto", ...PLAIN })
    const output = built({ inputs: await readInputs({ request }, ENGINE) })
    const words = WORDS.map((word) => (word === "registry" ? "auto" : word))
    const { exitCode, stderr } = await commandLine(["build", ...words, "--output", output])
    expect({ exitCode, stderr: stderr.replace(output, "<output>") }).toEqual({
      exitCode: 0,
      stderr: `standard is up to date: ${original.index ?? ""} in <output>/standard; tools as --sources auto decided earlier today`,
    })
  })

  it("is up to date with its archive, if that is whole", async () => {
    const output = built()
    const archive = join(output, "standard.oci.tar")
    expect((await build(output, "--archive")).said).toBe(
      "standard is built again: <output>/standard.oci.tar is missing or incomplete",
    )
    await writeArchive(join(output, "standard"), archive, original.created)
    const { exitCode, stdout } = await build(output, "--archive", "--json")
    expect({ exitCode, archive: /"archive": "(.*)"/.exec(stdout)?.[1] }).toEqual({
      exitCode: 0,
      archive,
    })
    truncateSync(archive, readFileSync(archive).length - 512)
    expect((await build(output, "--archive")).exitCode).toBe(1)
  })
})

describe("a build is done, and the reason said:", () => {
  const layer = (output: string) => {
    const folder = join(output, "standard/blobs/sha256")
    const wanted = JSON.parse(
      readFileSync(join(folder, (original.platforms[1]?.digest ?? "").slice("sha256:".length)), "utf8"),
    ) as { layers: { digest: string }[] }
    return join(folder, (wanted.layers[0]?.digest ?? "").slice("sha256:".length))
  }
  const NOT_WHOLE = "standard is built again: <output>/standard is not as the last build wrote it"

  it.each<[string, string, Partial<Report>, string[], ((output: string) => void)?]>([
    ["--refresh", "standard is built again: --refresh queries the package archive now", {}, ["--refresh"]],
    ["an option", "standard is built again: --sudo differs", {}, ["--sudo"]],
    ["no inputs", "standard is built again: its report does not say what it was built from", { inputs: undefined }, []],
    ["failed checks", "standard is built again: checks failed in the last build", { index: undefined }, []],
    ["another index", NOT_WHOLE, { index: `sha256:${"1".repeat(64)}` }, []],
    ["a missing layer", NOT_WHOLE, {}, [], (output) => rmSync(layer(output))],
    ["a short layer", NOT_WHOLE, {}, [], (output) => truncateSync(layer(output), 5)],
    ["a missing report", NOT_WHOLE, {}, [], (output) => rmSync(join(output, "standard/report.xml"))],
    [
      "a missing bill of materials",
      NOT_WHOLE,
      {},
      [],
      (output) => rmSync(join(output, "standard/sbom/linux-arm64.cdx.json")),
    ],
    ["no marker of a layout", NOT_WHOLE, {}, [], (output) => rmSync(join(output, "standard/oci-layout"))],
    [
      "a changed document",
      NOT_WHOLE,
      {},
      [],
      (output) => {
        const folder = join(output, "standard/blobs/sha256")
        for (const name of readdirSync(folder)) {
          const text = readFileSync(join(folder, name), "utf8")
          if (text.includes("rootfs")) writeFileSync(join(folder, name), text.replace("test", "tost"))
        }
      },
    ],
  ])("%s", async (_, expected, change, words, harm) => {
    const output = built(change)
    harm?.(output)
    const { exitCode, stdout, said, rest } = await build(output, ...words)
    expect({ exitCode, stdout, said }).toEqual({ exitCode: 1, stdout: "", said: expected })
    expect(rest).toMatch(/\[ENGINE_UNAVAILABLE\]/)
  })

  it.each([
    ["--force, without a word", ["--force"]],
    ["a variant that is not there, without a word", ["--variants", "chrome"]],
  ])("%s", async (_, words) => {
    const { exitCode, said } = await build(built(), ...words)
    expect(exitCode).toBe(1)
    expect(said).toMatch(/^Engine: environment, /)
  })

  it("one of several variants", async () => {
    const output = built()
    mkdirSync(join(output, "chrome"))
    const { exitCode, said } = await build(output, "--variants", "standard,chrome")
    expect(exitCode).toBe(1)
    expect(said).toMatch(/^Engine: environment, /)
  })
})

describe("an image that is loaded already", () => {
  const image = () =>
    original.platforms.find(({ platform }) => platform === hostPlatform(["linux/amd64", "linux/arm64"]))
  const manifest = () => image()?.digest ?? ""
  const configuration = () => {
    const blob = join(WORK, "original/standard/blobs", manifest().replace(":", "/"))
    return (JSON.parse(readFileSync(blob, "utf8")) as { config: { digest: string } }).config.digest
  }

  /** A folder with a `docker` that has one image under our name. */
  function docker(id: string): Record<string, string> {
    const folder = join(WORK, `docker-${++count}`)
    mkdirSync(folder)
    const text = `#!/bin/sh\ncase "$1 $2" in\n'info --format') echo 28.0.0 ;;\n'image inspect') echo '${id}' ;;\n*) exit 1 ;;\nesac\n`
    writeFileSync(join(folder, "docker"), text, { mode: 0o755 })
    return { PATH: `${folder}:${process.env.PATH ?? ""}` }
  }

  it.each([
    ["is found by its configuration, as in Docker", configuration, 0],
    ["is found by its configuration, as in podman", () => configuration().replace("sha256:", ""), 0],
    ["is found by its manifest, as in containerd's image store", manifest, 0],
    ["is not found if another has its name", () => `sha256:${"9".repeat(64)}`, 1],
  ])("%s", async (_, id, expected) => {
    const { exitCode, stdout } = await commandLine(
      ["build", ...WORDS, "--output", built(), "--load", "--json"],
      docker(id()),
    )
    expect(exitCode).toBe(expected)
    expect(/"loaded": "(.*)"/.exec(stdout)?.[1]).toBe(expected === 0 ? "localhost/runner-images:standard" : undefined)
  })
})
