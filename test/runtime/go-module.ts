import { execa } from "execa"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { goEnvironment, goToolchain } from "../../src/engine/bare/artefacts/go-toolchain.js"

const MINUTES = 15 * 60_000

/** Some modules are not in Go's database of checksums; go.sum has those of all. */
export const GO_ENVIRONMENT = { ...goEnvironment(), GOSUMDB: "off" }

/**
 * What holds for a Go program of this project: Go's own checks and its tests among it.
 *
 * @param sources absolute path of the module's folder
 * @param newest the version of Go that it may need
 */
export function testGoModule(sources: string, newest: string): void {
  const go = async (...args: string[]) => {
    const { program } = await goToolchain()
    return await execa(program, args, { cwd: sources, env: GO_ENVIRONMENT, reject: false, all: true })
  }

  it("is formatted as Go programs are", async () => {
    const { root } = await goToolchain()
    const { stdout } = await execa(join(root, "bin/gofmt"), ["-l", "."], { cwd: sources })
    expect(stdout).toBe("")
  })

  it(
    "passes Go's own checks and its tests",
    async () => {
      for (const args of [
        ["vet", "./..."],
        ["test", "-parallel", "8", "./..."],
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
    expect(/^go (\S+)$/m.exec(readFileSync(join(sources, "go.mod"), "utf8"))?.[1]).toBe(newest)
  })
}
