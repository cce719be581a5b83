import { describe, expect, it } from "vitest"
import { RuntimeFailure } from "../../../docker/runtime/src/failure.js"
import { supervised } from "./supervised.js"

const LISTEN = 'echo "√ Connected to GitHub"; echo "2026-01-01 00:00:00Z: Listening for Jobs"'
const JOB = 'echo "2026-01-01 00:00:01Z: Running job: build"'
const DONE = 'echo "2026-01-01 00:00:02Z: Job build completed with result: Succeeded"'
/** Until a signal, and the line that tells which. */
const WAIT = `trap 'echo interrupted; exit 0' INT; trap 'echo terminated; exit 0' TERM; ${LISTEN}; while :; do sleep 0.02; done`
/** A job that lasts for so many seconds, and a signal cancels. */
const busy = (seconds: number): string =>
  `trap 'echo "2026-01-01 00:00:02Z: Job build completed with result: Canceled"; exit 0' INT; ${LISTEN}; ${JOB}; for i in $(seq ${seconds * 50}); do sleep 0.02; done; trap 'echo interrupted; exit 0' INT; ${DONE}; while :; do sleep 0.02; done`

const offline = new RuntimeFailure("NETWORK", "the server cannot be reached", "Check it.")

describe("the runner stops", () => {
  it("while it has no job: leaves the list first, then the listener ends", async () => {
    const runner = supervised({ run: WAIT })
    await runner.seen("phase: listening")
    runner.stop.take("SIGTERM")
    expect(await runner.ended).toBe("well")
    expect(runner.happened).toMatchInlineSnapshot(`
      [
        "phase: registering",
        "start",
        "> √ Connected to GitHub",
        "> 2026-01-01 00:00:00Z: Listening for Jobs",
        "phase: listening",
        "phase: stopping",
        "leave: removed",
        "> interrupted",
      ]
    `)
  })

  it("after its job, when that ends in time", async () => {
    const runner = supervised({ run: busy(0.3), grace: 5000 })
    await runner.seen("phase: busy")
    runner.stop.take("SIGTERM")
    expect(await runner.ended).toBe("well")
    expect(runner.happened).toMatchInlineSnapshot(`
      [
        "phase: registering",
        "start",
        "> √ Connected to GitHub",
        "> 2026-01-01 00:00:00Z: Listening for Jobs",
        "phase: listening",
        "> 2026-01-01 00:00:01Z: Running job: build",
        "phase: busy",
        "phase: stopping",
        "info: waiting up to 5 s for the job "build" to end",
        "> 2026-01-01 00:00:02Z: Job build completed with result: Succeeded",
        "leave: removed",
        "> interrupted",
      ]
    `)
  })

  it("with its job, when that takes longer than the grace, and leaves when GitHub knows that it has none", async () => {
    const runner = supervised({ run: busy(20), grace: 200, answers: ["busy", "busy", "removed"] })
    await runner.seen("phase: busy")
    runner.stop.take("SIGTERM")
    expect(await runner.ended).toBe("well")
    expect(runner.happened).toMatchInlineSnapshot(`
      [
        "phase: registering",
        "start",
        "> √ Connected to GitHub",
        "> 2026-01-01 00:00:00Z: Listening for Jobs",
        "phase: listening",
        "> 2026-01-01 00:00:01Z: Running job: build",
        "phase: busy",
        "phase: stopping",
        "info: waiting up to 0.2 s for the job "build" to end",
        "> 2026-01-01 00:00:02Z: Job build completed with result: Canceled",
        "leave: busy",
        "leave: busy",
        "leave: removed",
      ]
    `)
  })

  it("after a job that came while it was leaving", async () => {
    const run = `${LISTEN}; sleep 0.3; ${JOB}; sleep 0.3; ${DONE}; trap 'exit 0' INT; while :; do sleep 0.02; done`
    const runner = supervised({
      run,
      answers: ["busy", "busy", "busy", "busy", "busy", "busy", "busy", "removed"],
      grace: 5000,
    })
    await runner.seen("phase: listening")
    runner.stop.take("SIGTERM")
    await runner.seen("> 2026-01-01 00:00:02Z: Job build completed with result: Succeeded")
    expect(await runner.ended).toBe("well")
    expect(runner.events.map(({ type }) => type)).toEqual(["connected", "listening", "job-started", "job-completed"])
  })

  it("without waiting for the job at the second signal, and with a code that tells", async () => {
    const runner = supervised({ run: busy(20), grace: 60_000 })
    await runner.seen("phase: busy")
    runner.stop.take("SIGTERM")
    await runner.seen('info: waiting up to 60 s for the job "build" to end')
    runner.stop.take("SIGTERM")
    expect(await runner.ended).toBe("well")
    expect(runner.stop.exitCode).toBe(143)
    expect(runner.happened.slice(-3)).toEqual([
      'info: waiting up to 60 s for the job "build" to end',
      "> 2026-01-01 00:00:02Z: Job build completed with result: Canceled",
      "leave: removed",
    ])
  })

  it("a listener that heeds no signal, by force", async () => {
    const runner = supervised({ run: `trap '' INT TERM; ${LISTEN}; while :; do sleep 0.02; done` })
    await runner.seen("phase: listening")
    runner.stop.take("SIGTERM")
    const start = performance.now()
    expect(await runner.ended).toBe("well")
    expect(performance.now() - start).toBeGreaterThan(850)
  })

  it("at once at the third signal", async () => {
    const runner = supervised({
      run: `trap '' INT TERM; ${LISTEN}; ${JOB}; while :; do sleep 0.02; done`,
      answers: ["never"],
      grace: 60_000,
    })
    await runner.seen("phase: busy")
    const start = performance.now()
    for (const signal of ["SIGTERM", "SIGTERM", "SIGTERM"] as const) runner.stop.take(signal)
    expect(await runner.ended).toMatchInlineSnapshot(
      `"2 REGISTRATION: the runner is still on GitHub's list: there was no time to deregister"`,
    )
    expect(performance.now() - start).toBeLessThan(800)
  })

  it("and stays on the list when it is to stay there", async () => {
    const runner = supervised({ run: WAIT, leaves: false })
    await runner.seen("phase: listening")
    runner.stop.take("SIGINT")
    expect(await runner.ended).toBe("well")
    expect(runner.happened.filter((line) => line.startsWith("leave"))).toEqual([])
  })

  it("and tells when it could not leave the list, without trying for ever", async () => {
    const runner = supervised({ run: WAIT, answers: [offline] })
    await runner.seen("phase: listening")
    runner.stop.take("SIGTERM")
    expect(await runner.ended).toBe("5 NETWORK: the server cannot be reached")
    expect(runner.happened.filter((line) => /^leave|^> int/.test(line))).toEqual(["leave: NETWORK", "> interrupted"])
  })

  it("and ends before its files go, when there is nobody to ask", async () => {
    const runner = supervised({ run: WAIT, asksGitHub: false, answers: ["local"] })
    await runner.seen("phase: listening")
    runner.stop.take("SIGTERM")
    expect(await runner.ended).toBe("well")
    expect(runner.happened.filter((line) => /^leave|^> int/.test(line))).toEqual(["> interrupted", "leave: local"])
  })

  it("before it ever listened", async () => {
    const runner = supervised({ run: "trap 'exit 0' INT; while :; do sleep 0.02; done" })
    await runner.seen("start")
    runner.stop.take("SIGTERM")
    expect(await runner.ended).toBe("well")
  })
})

describe("the listener ends by itself", () => {
  it("well: the runner leaves", async () => {
    const runner = supervised({ run: `${LISTEN}; exit 0` })
    expect(await runner.ended).toBe("well")
    expect(runner.happened.slice(-2)).toEqual(["phase: stopping", "leave: removed"])
  })

  it("after an ephemeral runner's job: GitHub says whether it is off the list, since a job can say the same", async () => {
    const runner = supervised({ run: `${LISTEN}; ${JOB}; ${DONE}`, ephemeral: true })
    expect(await runner.ended).toBe("well")
    expect(runner.happened.slice(-3)).toEqual([
      "phase: stopping",
      "leave: removed",
      "info: the runner did its job and left",
    ])
  })

  it("after an ephemeral runner's job, where there is nothing to ask GitHub with: the files go", async () => {
    const runner = supervised({ run: `${LISTEN}; ${JOB}; ${DONE}`, ephemeral: true, asksGitHub: false })
    expect(await runner.ended).toBe("well")
    expect(runner.happened.slice(-3)).toEqual(["phase: stopping", "forget", "info: the runner did its job and left"])
  })

  it("after an ephemeral runner's job, still listed: that is told", async () => {
    const runner = supervised({ run: `${LISTEN}; ${JOB}; ${DONE}`, ephemeral: true, answers: [offline] })
    expect(await runner.ended).toBe("5 NETWORK: the server cannot be reached")
    expect(runner.happened.slice(-2)).toEqual(["phase: stopping", "leave: NETWORK"])
  })

  it("before an ephemeral runner's job: it leaves", async () => {
    const runner = supervised({ run: LISTEN, ephemeral: true })
    expect(await runner.ended).toBe("well")
    expect(runner.happened.slice(-1)).toEqual(["leave: removed"])
  })

  it("with an error: the runner leaves, and what the listener ended with counts", async () => {
    const runner = supervised({ run: `${LISTEN}; exit 1`, answers: [offline] })
    expect(await runner.ended).toBe("1 UNCLASSIFIED: the listener ended with an error")
    expect(runner.happened.slice(-2)).toEqual(["leave: NETWORK", "warn: the server cannot be reached"])
  })

  it("killed: the runner leaves", async () => {
    const runner = supervised({ run: `${LISTEN}; kill -9 $$` })
    expect(await runner.ended).toBe("1 UNCLASSIFIED: the listener was ended by SIGKILL")
    expect(runner.happened.slice(-1)).toEqual(["leave: removed"])
  })

  it("with an old version: the code is 7", async () => {
    const runner = supervised({ run: 'echo "Runner version 2.1.0 is deprecated and cannot receive messages."; exit 7' })
    expect(await runner.ended).toMatch(/^7 VERSION_REFUSED: .*2\.1\.0/)
  })

  it("for a while: it is started again, further and further apart, and not for ever", async () => {
    const runner = supervised({ run: `${LISTEN}; exit 2` })
    expect(await runner.ended).toBe("5 NETWORK: the listener ended repeatedly")
    expect(runner.happened).toMatchInlineSnapshot(`
      [
        "phase: registering",
        "start",
        "> √ Connected to GitHub",
        "> 2026-01-01 00:00:00Z: Listening for Jobs",
        "phase: listening",
        "phase: registering",
        "warn: the listener ended because it reported a temporary error; starting it again in 0.01 s",
        "start",
        "> √ Connected to GitHub",
        "> 2026-01-01 00:00:00Z: Listening for Jobs",
        "phase: listening",
        "phase: registering",
        "warn: the listener ended because it reported a temporary error; starting it again in 0.02 s",
        "start",
        "> √ Connected to GitHub",
        "> 2026-01-01 00:00:00Z: Listening for Jobs",
        "phase: listening",
        "phase: stopping",
        "leave: removed",
      ]
    `)
  })

  it("for a while, and somebody wants it to stop before it is started again", async () => {
    const runner = supervised({ run: `${LISTEN}; exit 2` })
    await runner.seen("start")
    runner.stop.take("SIGTERM")
    expect(await runner.ended).toBe("well")
  })
})
