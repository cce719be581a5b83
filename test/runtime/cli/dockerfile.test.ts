import { execa } from "execa"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { PINS } from "../../../dagger/src/core/catalog/catalog.js"
import { copyCheckout, writePins } from "../../checkout.js"
import { cacheless, WORK } from "../../unit/cli/command-line.js"

const checkout = join(WORK, "checkout")
const dockerfile = () => readFileSync(join(checkout, "docker/Dockerfile"), "utf8")

/** The program as a user starts it, in a checkout of its own. */
async function commandLine(...words: string[]) {
  const env = { ...cacheless, XDG_CACHE_HOME: join(checkout, "cache") }
  const options = { cwd: checkout, reject: false, stdin: "ignore", env } as const
  const { exitCode, stdout, stderr } = await execa(join(checkout, "runner-images"), words, options)
  return { exitCode, stdout, stderr }
}

beforeAll(() => {
  copyCheckout(checkout)
})

describe("runner-images dockerfile", () => {
  it("prints a variant's, as it is in docker/", async () => {
    expect(await commandLine("dockerfile")).toEqual({ exitCode: 0, stdout: dockerfile().trimEnd(), stderr: "" })
  })

  it("--check accepts what is there, until the catalog changes, and --write follows", async () => {
    expect(await commandLine("dockerfile", "--check")).toEqual({
      exitCode: 0,
      stdout: "All Dockerfiles are up to date.",
      stderr: "",
    })
    const pins = readFileSync(PINS, "utf8")
    const [sum = ""] = /[0-9a-f]{64}/.exec(pins) ?? []
    const other = "0".repeat(64)
    writePins(checkout, pins.replace(sum, other))
    const refused = await commandLine("dockerfile", "--check")
    expect(refused.exitCode).toBe(3)
    expect(refused.stderr).toContain("[DOCKERFILE_OUTDATED]")
    expect(refused.stderr).toContain(join(checkout, "docker/Dockerfile.chrome"))
    expect(dockerfile()).not.toContain(other)
    const written = await commandLine("dockerfile", "--write")
    expect(written.stdout.split("\n")).toEqual(
      ["Dockerfile", "Dockerfile.chrome", "Dockerfile.chrome-go"].map((name) => `Wrote ${checkout}/docker/${name}`),
    )
    expect(dockerfile()).toContain(`--checksum=sha256:${other} `)
    expect((await commandLine("dockerfile", "--check")).exitCode).toBe(0)
  })

  it.each([
    ["a variant that there is not", ["crome"], "Did you mean chrome?"],
    ["all variants", ["all"], "A Dockerfile is of one variant."],
    ["two things at once", ["--write", "--check"], "--write and --check exclude each other."],
  ])("refuses %s", async (_, words, said) => {
    const { exitCode, stdout, stderr } = await commandLine("dockerfile", ...words)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" })
    expect(stderr).toContain(said)
  })
})
