import { execa } from "execa"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { goToolchain } from "../../../src/engine/bare/artefacts/go-toolchain.js"
import { GO_ENVIRONMENT, SOURCES } from "./program.js"

const MINUTES = 15 * 60_000

async function go(...args: string[]) {
  const { program } = await goToolchain()
  return await execa(program, args, { cwd: SOURCES, env: GO_ENVIRONMENT, reject: false, all: true })
}

it("is formatted as Go programs are", async () => {
  const { root } = await goToolchain()
  const { stdout } = await execa(join(root, "bin/gofmt"), ["-l", "."], { cwd: SOURCES })
  expect(stdout).toBe("")
})

it(
  "passes Go's own checks and its unit tests",
  async () => {
    for (const args of [
      ["vet", "./..."],
      ["test", "./..."],
    ]) {
      const { exitCode, all } = await go(...args)
      expect([exitCode, exitCode === 0 ? "" : all]).toEqual([0, ""])
    }
  },
  MINUTES,
)

it("pins every module by go.sum, and needs no newer Go than the project", async () => {
  const { exitCode, all } = await go("mod", "verify")
  expect([exitCode, all]).toEqual([0, "all modules verified"])
  const needed = /^go (\S+)$/m.exec(readFileSync(join(SOURCES, "go.mod"), "utf8"))?.[1]
  expect(needed).toBe("1.24.0")
})
