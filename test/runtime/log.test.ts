import { describe, expect, it } from "vitest"
import { failureText, RuntimeFailure } from "../../docker/runtime/src/failure.js"
import { makeLog } from "../../docker/runtime/src/log.js"

/** Colours, a line that hides the one before it, a title for the window, another text direction. */
const HOSTILE = "\u001b[31mred\rnot \u001b]0;title\u0007this\u202e"
const SAFE = "?[31mred?not ?]0;title?this?"

describe("the container's log", () => {
  it("has nothing that a terminal obeys, whoever wrote the text", () => {
    const said: string[] = []
    const out = { write: (text: string) => said.push(text) }
    const log = makeLog(out, out)
    log.info(`job ${HOSTILE}`)
    log.warn(HOSTILE)
    log.error(`first\n\u009b2J second`)
    expect(said).toEqual([
      `runner-images: job ${SAFE}\n`,
      `runner-images: warning: ${SAFE}\n`,
      "runner-images: error: first\nrunner-images: ?2J second\n",
    ])
  })

  it("hides a secret of several lines", () => {
    const said: string[] = []
    const out = { write: (text: string) => said.push(text) }
    const log = makeLog(out, out)
    log.hide("the first line\nthe second")
    log.info("before the first line\nthe second after")
    expect(said).toEqual(["runner-images: before *** after\n"])
  })

  it("says what failed in the same way", () => {
    const failure = new RuntimeFailure("CONFIGURATION", `wrong: ${HOSTILE}\n  line ${HOSTILE}`, `not ${HOSTILE}`)
    expect(failureText(failure)).toBe(`error: wrong: ${SAFE} [CONFIGURATION]\n  line ${SAFE}\nnot ${SAFE}\n`)
  })
})
