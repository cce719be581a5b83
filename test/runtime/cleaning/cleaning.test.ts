import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { STARTS, STARTS_NOT, USER } from "../entrypoint/container.js"
import { CleanedRunner, told } from "./cleaned-runner.js"

/** What no other test has. */
const SECONDS = 4711

let runner: CleanedRunner
beforeEach(async () => {
  runner = await CleanedRunner.create()
  writeFileSync(runner.at("root/tmp/earlier"), "")
  chmodSync(runner.at("root/tmp/earlier"), 0o666)
})
afterEach(() => runner.close())

/** Leaves something of every kind. The runner itself ends what has its mark. */
const LEAVE = [
  "mkdir -p protected/folder && touch protected/folder/file && chmod 555 protected/folder protected",
  "mkdir -p ../../_tool/node && touch ../../_tool/node/file",
  "touch $OWN_TEMPORARY/left && mkdir $OWN_TEMPORARY/left-folder && ln -s /etc/hostname $OWN_TEMPORARY/left-link",
  `RUNNER_TRACKING_ID= setsid sleep ${SECONDS} > /dev/null 2>&1 < /dev/null & sleep 0.3`,
  `(RUNNER_TRACKING_ID= setsid bash -c 'trap "" TERM; while :; do sleep ${SECONDS}; done' > /dev/null 2>&1 < /dev/null &); sleep 0.3`,
]

function left(): Record<string, unknown> {
  return {
    work: readdirSync(runner.at("work"))
      .filter((name) => name !== "_temp")
      .sort(),
    temporary: runner.temporaryFiles(),
    processes: runner.running(`sleep ${SECONDS}`).length,
  }
}

const FILES = ["earlier", "jobs.log", "metrics.prom"]
const OF_THE_JOB = ["left", "left-folder", "left-link"]

describe.skipIf(!STARTS)(STARTS ? "between jobs" : `between jobs (skipped: ${STARTS_NOT})`, () => {
  it.each([
    ["off", { work: ["_tool", "example"], temporary: [...FILES, ...OF_THE_JOB].sort(), processes: 3 }],
    ["work", { work: ["_tool"], temporary: [...FILES, ...OF_THE_JOB].sort(), processes: 3 }],
    ["all", { work: ["_tool"], temporary: FILES, processes: 0 }],
  ])("RUNNER_CLEAN=%s removes what it says, and the next job works", async (clean, expected) => {
    const running = await runner.start({ RUNNER_CLEAN: clean, OWN_TEMPORARY: runner.at("root/tmp") })
    const job = await runner.done(...LEAVE)
    expect(left(), job.log).toEqual(expected)
    expect(running.health()).toBe("0 healthy: listening")
    const next = await runner.done("pwd; ls -A", "true")
    expect([next.result, next.log.includes(runner.at("work/example/example"))]).toEqual(["Succeeded", true])
    running.signal("SIGTERM")
    expect(await running.ended()).toBe(0)
  })

  it("tells in the job's log what was removed, and what could not be, which fails no job", async () => {
    await runner.start({ RUNNER_CLEAN: "all", OWN_TEMPORARY: runner.at("root/tmp") })
    // Root's, as a job's container makes them.
    mkdirSync(runner.at("work/other/other/dist"), { recursive: true })
    writeFileSync(runner.at("work/other/other/dist/file"), "")
    const job = await runner.done(...LEAVE)
    expect([job.result, ...told(job, runner)]).toMatchInlineSnapshot(`
      [
        "Succeeded",
        "ended 3 processes of the job: sleep (N), bash (N), sleep (N)",
        "removed 1 folder of the job from /work",
        "warning: not removed: /work/other (Permission denied)",
        "removed 3 temporary files of the job from /root/tmp",
      ]
    `)
    expect(existsSync(runner.at("work/other/other/dist/file"))).toBe(true)
  })

  it("removes what an earlier container left when it starts", async () => {
    mkdirSync(runner.at("work/example/example"), { recursive: true })
    if (process.getuid?.() === 0)
      for (const name of ["work/example/example", "work/example"]) chownSync(runner.at(name), USER, USER)
    const { output } = await runner.start({ RUNNER_CLEAN: "work" })
    expect(output).toContain("removed 1 folder of earlier jobs from")
    expect(readdirSync(runner.at("work"))).toEqual([])
  })
})
