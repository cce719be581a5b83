import { JsonStrictValidator } from "@cyclonedx/cyclonedx-library/Validation"
import { Version } from "@cyclonedx/cyclonedx-library/Spec"
import { execa } from "execa"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { sbomFiles } from "../../../dagger/src/core/sbom/documents.js"
import { cacheless, ROOT, WORK } from "../../unit/cli/command-line.js"
import { billedReport } from "../../unit/core/sbom/seeded-report.js"

const PYTHON = join(WORK, "spdx-tools")
const BUILD = join(WORK, "dist/standard")
const MINUTES = 5 * 60_000

/** The program as a user starts it, from its bundle. */
async function commandLine(...words: string[]) {
  const env = { ...cacheless, XDG_CACHE_HOME: join(WORK, "cache") }
  return execa(join(ROOT, "runner-images"), words, { cwd: WORK, reject: false, stdin: "ignore", env })
}

/** What SPDX's own library says against a document; nothing if it is valid. */
async function problems(document: string): Promise<string> {
  const file = join(WORK, "checked.spdx.json")
  writeFileSync(file, document)
  const { exitCode, all } = await execa(join(PYTHON, "bin/pyspdxtools"), ["--infile", file, "--version", "SPDX-2.3"], {
    reject: false,
    all: true,
  })
  return exitCode === 0 ? "" : all
}

beforeAll(async () => {
  mkdirSync(BUILD, { recursive: true })
  writeFileSync(join(BUILD, "report.json"), JSON.stringify(billedReport()))
  await execa("python3", ["-m", "venv", PYTHON])
  const requirements = join(ROOT, "test/runtime/cli/spdx-tools.txt")
  await execa(join(PYTHON, "bin/pip"), ["install", "--quiet", "--no-deps", "--requirement", requirements])
}, MINUTES)

describe("a printed bill of materials", () => {
  const files = sbomFiles(billedReport())

  it.each([
    ["of a build's folder, as SPDX", ["dist/standard", "--platform", "linux/arm64"], "sbom/linux-arm64.spdx.json"],
    [
      "of a report, as CycloneDX",
      ["dist/standard/report.json", "--platform", "linux/amd64", "--format", "cyclonedx"],
      "sbom/linux-amd64.cdx.json",
    ],
    ["of the folder that builds write to", ["--platform", "linux/amd64"], "sbom/linux-amd64.spdx.json"],
  ])("is the one that a build writes: %s", async (_, words, written) => {
    const { exitCode, stdout, stderr } = await commandLine("sbom", ...words)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    expect(`${stdout}\n`).toBe(files[written])
  })

  it("is valid for SPDX's library, which refuses what is not", async () => {
    const { stdout } = await commandLine("sbom", "--platform", "linux/amd64")
    expect(await problems(stdout)).toBe("")
    expect(await problems(stdout.replace('"licenseDeclared": "ISC"', '"licenseDeclared": "ISC AND"'))).toMatch(
      /ISC AND/,
    )
    expect(await problems(stdout.replaceAll("SPDXRef-Image", "Image"))).toMatch(/Image/)
  })

  it("is valid for CycloneDX's schema", async () => {
    const { stdout } = await commandLine("sbom", "--platform", "linux/amd64", "--format", "cyclonedx")
    expect(await new JsonStrictValidator(Version.v1dot6).validate(stdout)).toBeNull()
  })
})

it.each([
  [
    "without a platform, if there are several",
    [],
    "error: dist/standard has several platforms, and a bill is of one. [PLATFORM_INVALID]\nChoose from linux/amd64, linux/arm64 with --platform.",
  ],
  [
    "for an unknown platform",
    ["--platform", "linux/riscv64"],
    "error: dist/standard has no image for linux/riscv64. [PLATFORM_INVALID]\nChoose from linux/amd64, linux/arm64.",
  ],
  [
    "in an unknown format",
    ["--format", "spd"],
    'error: "spd" is not a format of bills of materials. [USAGE]\nDid you mean spdx?',
  ],
  [
    "without a report",
    ["dist/chrome"],
    "error: The report: <work>/dist/chrome does not exist. [REPORT_INVALID]\nGive the path of a file.",
  ],
])("no bill of materials is printed %s", async (_, words, message) => {
  const { exitCode, stdout, stderr } = await commandLine("sbom", ...words)
  expect({ exitCode, stdout, stderr: stderr.replace(WORK, "<work>") }).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: message,
  })
})
