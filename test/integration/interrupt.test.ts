import { execa } from "execa"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const TSX = join(ROOT, "node_modules/tsx/dist/esm/index.mjs")
const work = mkdtempSync(join(tmpdir(), "runner-images-interrupt-"))
afterAll(() => {
  rmSync(work, { recursive: true, force: true })
})

/** Process ids of the Dagger sessions that carry the mark in their environment, which they inherit. */
function sessions(mark: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8")
      return command.includes("\0session\0") && readFileSync(`/proc/${pid}/environ`, "utf8").includes(`MARK=${mark}`)
    } catch {
      return false
    }
  })
}

/** Starts a build, sends the signals once its session process is there and `when` has shown, and gives what came of it. */
async function interrupted(mark: string, when: RegExp, signals: NodeJS.Signals[], env: Record<string, string> = {}) {
  const output = join(work, mark)
  const words = ["build", "--sources", "registry", "--output", output]
  const build = execa("node", ["--import", TSX, join(ROOT, "src/cli.ts"), ...words], {
    reject: false,
    stdin: "ignore",
    env: { MARK: mark, CI: "1", TSX_TSCONFIG_PATH: join(ROOT, "tsconfig.json"), ...env },
  })
  let seen = ""
  build.stderr.on("data", (chunk: Buffer) => {
    seen += chunk.toString()
  })
  await expect.poll(() => when.test(seen) && sessions(mark).length === 1, { timeout: 60_000 }).toBe(true)
  expect(existsSync(output)).toBe(false)
  for (const signal of signals) {
    build.kill(signal)
    await setTimeout(300)
  }
  const { exitCode, stdout } = await build
  return { exitCode, stdout, stderr: seen, output }
}

describe("a build that is stopped", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("by %s ends its session in order", async (signal) => {
    const { exitCode, stdout, stderr, output } = await interrupted(signal, /connect … /, [signal])
    expect(stderr).toMatch(/Stopping … \(again to stop at once\)\n(?:.*\n)*Stopped\.\n$/)
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: "" })
    expect(stderr).not.toMatch(/^ {4}at /m)
    expect(sessions(signal)).toEqual([])
    expect(existsSync(output)).toBe(false)
  })

  it("twice ends at once", async () => {
    const { exitCode } = await interrupted("twice", /connect … /, ["SIGINT", "SIGINT"])
    expect(exitCode).toBe(130)
    await expect.poll(() => sessions("twice"), { timeout: 10_000 }).toEqual([])
  })

  it("while its engine does not answer leaves no process that goes on asking", async () => {
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve))
    const address = silent.address()
    const port = typeof address === "object" && address ? address.port : 0
    try {
      const { exitCode } = await interrupted("silent", /^Engine: /m, ["SIGTERM"], {
        _EXPERIMENTAL_DAGGER_RUNNER_HOST: `tcp://127.0.0.1:${String(port)}`,
      })
      expect(exitCode).toBe(130)
      await expect.poll(() => sessions("silent"), { timeout: 10_000 }).toEqual([])
    } finally {
      silent.close()
    }
  })
})
