import { PassThrough } from "node:stream"
import { stripVTControlCharacters } from "node:util"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { LiveTerminal } from "../../../src/output/live.js"
import { PlainTerminal } from "../../../src/output/plain.js"

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] })
})
afterEach(() => {
  vi.useRealTimers()
})

function written(stream: PassThrough): string {
  return (stream.read() as Buffer | null)?.toString() ?? ""
}

describe("without a terminal", () => {
  it("every ended step is a line", () => {
    const stream = new PassThrough()
    const terminal = new PlainTerminal(stream)
    terminal.started("linux/arm64", "packages")
    terminal.started("linux/amd64", "packages")
    terminal.ended("linux/amd64", "packages", 12.34)
    terminal.ended("linux/arm64", "packages", 185.2, new Error("no"))
    terminal.warned("linux/arm64", "packages were installed under emulation")
    terminal.noted("all platforms", "to be tagged: ghcr.io/owner/runner:latest")
    terminal.note("Engine: docker, docker 28.1 is running")
    terminal.close()
    terminal.note("after the end")
    expect(written(stream)).toMatchInlineSnapshot(`
      "[linux/amd64] packages … 12.3 s
      [linux/arm64] packages … failed after 3 min 05 s
      [linux/arm64] warning: packages were installed under emulation
      [all platforms] to be tagged: ghcr.io/owner/runner:latest
      Engine: docker, docker 28.1 is running
      "
    `)
  })

  it("a long step gives a sign of life", () => {
    const stream = new PassThrough()
    const terminal = new PlainTerminal(stream)
    terminal.started("linux/arm64", "packages")
    vi.advanceTimersByTime(60_000)
    terminal.ended("linux/arm64", "packages", 61)
    vi.advanceTimersByTime(60_000)
    expect(written(stream)).toMatchInlineSnapshot(`
      "[linux/arm64] packages … still running after 30.0 s
      [linux/arm64] packages … still running after 60.0 s
      [linux/arm64] packages … 61.0 s
      "
    `)
    terminal.close()
  })
})

describe("on a terminal", () => {
  function open(): { terminal: LiveTerminal; stream: PassThrough } {
    const stream = new PassThrough()
    const tty = Object.assign(stream, { isTTY: true, columns: 100, rows: 30 }) as unknown as NodeJS.WriteStream
    return { terminal: new LiveTerminal(tty), stream }
  }

  it("running steps move on, ended ones stay", () => {
    const { terminal, stream } = open()
    terminal.started("linux/arm64", "packages")
    terminal.started("linux/amd64", "packages")
    vi.advanceTimersByTime(2_000)
    const running = stripVTControlCharacters(written(stream)).trim().split("\n").slice(-2)
    expect(running.map((line) => line.slice(1))).toEqual([
      " linux/arm64   packages 2.0 s",
      " linux/amd64   packages 2.0 s",
    ])
    terminal.ended("linux/amd64", "packages", 2)
    const drawn = stripVTControlCharacters(written(stream))
    expect(drawn).toContain("✔ linux/amd64   packages 2.0 s\n")
    expect(drawn.trim().split("\n").at(-1)).toMatch(/^. linux\/arm64 {3}packages 2\.0 s$/)
    terminal.close()
  })

  it("a failed step is marked, and nothing is drawn after the end", () => {
    const { terminal, stream } = open()
    terminal.started("linux/amd64", "smoke tests")
    terminal.ended("linux/amd64", "smoke tests", 1, new Error("no"))
    expect(stripVTControlCharacters(written(stream))).toContain("✘ linux/amd64   smoke tests 1.0 s\n")
    terminal.started("linux/amd64", "finish")
    terminal.close()
    written(stream)
    vi.advanceTimersByTime(5_000)
    terminal.note("after the end")
    expect(written(stream)).toBe("")
  })
})
