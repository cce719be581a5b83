import { describe, expect, it } from "vitest"
import { logExcerpt } from "../../../src/engine/bare/instance/log-excerpt.js"

const before = Array.from({ length: 30 }, (_, index) => `time="…" level=info msg="step ${String(index)}"`)
const stack = Array.from({ length: 30 }, (_, index) => `goroutine ${String(index + 1)} [select]:`)

describe("why a program ended, by its log", () => {
  it.each([
    "panic: runtime error: invalid memory address or nil pointer dereference",
    "fatal error: concurrent map writes",
    "runtime: out of memory: cannot allocate 4194304-byte block",
    "SIGABRT: abort",
  ])("is what begins with %s", (first) => {
    expect(logExcerpt([...before, first, ...stack, ""].join("\n"), 3)).toBe([first, ...stack.slice(0, 2)].join("\n"))
  })

  it("is its end, when it was killed", () => {
    expect(logExcerpt([...before, ""].join("\n"), 2)).toBe(before.slice(-2).join("\n"))
  })

  it("is nothing, when it wrote nothing", () => {
    expect(logExcerpt("\n", 10)).toBe("")
  })

  it("is no message of a step that has the word in it", () => {
    const step = 'time="…" level=error msg="panic: in a step"'
    expect(logExcerpt([step, ...before].join("\n"), 1)).toBe(before.at(-1))
  })
})
