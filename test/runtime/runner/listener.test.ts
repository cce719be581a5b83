import { afterEach, describe, expect, it } from "vitest"
import type { RunnerEvent } from "../../../docker/runtime/src/runner/events.js"
import { type Listener, startListener } from "../../../docker/runtime/src/runner/listener.js"
import { sessionProcesses } from "../../../docker/runtime/src/runner/session.js"
import { failureOf } from "../github/scripted-server.js"
import { keptOutput, lives, scriptFolder, type ScriptFolder, until } from "./runner-folder.js"

let folder: ScriptFolder | undefined
let listener: Listener | undefined
afterEach(async () => {
  listener?.stop("SIGKILL")
  await listener?.ended
  listener = undefined
  folder?.remove()
})

/** As the real run.sh: it signals the group of the script that it started, once, and then waits for it without a trap. */
const RUN = `
  set -m
  trap 'kill -INT -$CHILD' INT TERM
  ./run-helper.sh & CHILD=$!
  wait $CHILD; CODE=$?
  trap - INT TERM
  wait $CHILD
  exit $CODE`

const HELPER = `
  trap : INT
  ./listener
  echo "Runner listener exit with 0 return code, stop the service, no retry needed."`

async function start(programs: Record<string, string>, environment: Record<string, string> = {}) {
  folder = scriptFolder(programs)
  const { output, text, bytes } = keptOutput()
  listener = await startListener({
    folder: folder.path,
    environment: { PATH: "/usr/bin:/bin", ...environment },
    output,
  })
  const events: RunnerEvent[] = []
  listener.events.on("event", (event) => events.push(event))
  return { listener, text, bytes, events, folder }
}

function pidIn(name: string): number {
  return Number(folder?.lines(name)[0])
}

it("passes output on unchanged, and tells what it means", async () => {
  const { listener, text, bytes, events } = await start({
    "run.sh": `
      printf '\\n√ Connected to GitHub\\n\\n'
      printf "Current runner version: '2.338.0'\\n2026-01-13 04:31:47Z: Listening for Jobs\\n"
      printf '2026-01-13 04:32:01Z: Running job: build\\n2026-01-13 04:33:10Z: Job build completed with result: Failed\\n'
      printf '\\377\\000 no line end'`,
  })
  expect(await listener.ended).toEqual({ code: 0, signal: null, exit: undefined })
  expect(events).toEqual([
    { type: "connected" },
    { type: "listening" },
    { type: "job-started", name: "build" },
    { type: "job-completed", name: "build", result: "Failed" },
  ])
  expect(text().split("\n").slice(0, -1)).toMatchInlineSnapshot(`
    [
      "",
      "√ Connected to GitHub",
      "",
      "Current runner version: '2.338.0'",
      "2026-01-13 04:31:47Z: Listening for Jobs",
      "2026-01-13 04:32:01Z: Running job: build",
      "2026-01-13 04:33:10Z: Job build completed with result: Failed",
    ]
  `)
  expect(bytes().toString("latin1").split("\n").at(-1)).toBe("\u00ff\u0000 no line end")
})

it("reads both streams", async () => {
  const { listener, text, events } = await start({
    "run.sh": `echo "An error occurred: Runner version v2.330.0 is deprecated and cannot receive messages." >&2
      echo "Runner listener exit with deprecated version exit code: 7."; exit 7`,
  })
  expect(await listener.ended).toEqual({ code: 7, signal: null, exit: "version-refused" })
  expect(events.map(({ type }) => type).sort()).toEqual(["listener-exited", "version-refused"])
  expect(text()).toContain("deprecated and cannot receive")
})

it("gives run.sh the environment without the runner's inputs, and its own folder", async () => {
  const { listener, folder } = await start(
    { "run.sh": "env | sort > environment; pwd > cwd; ps -o sid= -p $$ > session" },
    { FOO: "bar", ACTIONS_RUNNER_INPUT_JITCONFIG: "secret" },
  )
  await listener.ended
  expect(
    folder.lines("environment").filter((line) => !/^(PWD|SHLVL|_|OLDPWD|RUNNER_ALLOW_RUNASROOT)=/.test(line)),
  ).toEqual([
    "ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1",
    "FOO=bar",
    "PATH=/usr/bin:/bin",
    "RUNNER_MANUALLY_TRAP_SIG=1",
  ])
  expect(folder.lines("cwd")).toEqual([folder.path])
  expect(Number(folder.lines("session")[0])).toBe(listener.pid)
})

describe("a runner that ends at once", () => {
  it.each([
    ["exit 0", { code: 0, signal: null }],
    ["exit 3", { code: 3, signal: null }],
    ["kill -9 $$", { code: null, signal: "SIGKILL" }],
  ])("%s", async (script, end) => {
    const { listener } = await start({ "run.sh": script })
    expect(await listener.ended).toMatchObject(end)
    expect(lives(listener.pid)).toBe(false)
    listener.stop("SIGTERM")
  })

  it("or cannot be started", async () => {
    expect(await failureOf(startListener({ folder: "/nowhere", environment: {} }))).toMatchInlineSnapshot(
      `"UNCLASSIFIED: run.sh cannot be started: spawn /nowhere/run.sh ENOENT | Check that /nowhere contains the runner, and that programs in it may run."`,
    )
    folder = scriptFolder({})
    folder.write("run.sh", "#!/bin/sh\n")
    expect(
      (await failureOf(startListener({ folder: folder.path, environment: {} }))).replaceAll(folder.path, "FOLDER"),
    ).toMatchInlineSnapshot(
      `"UNCLASSIFIED: run.sh cannot be started: spawn FOLDER/run.sh EACCES | Check that FOLDER contains the runner, and that programs in it may run."`,
    )
  })
})

describe("a stop", () => {
  const POLITE = `echo $$ > listener.pid; trap 'echo "Exiting..."; exit 0' INT; trap '' TERM; echo "Listening for Jobs"; while :; do sleep 0.05; done`
  const programs = { "run.sh": RUN, "run-helper.sh": HELPER, listener: POLITE }

  it.each(["SIGTERM", "SIGINT"] as const)(
    "by %s reaches the listener, which is in a group of its own",
    async (signal) => {
      const { listener, events, text } = await start(programs)
      await until(() => events.some(({ type }) => type === "listening"))
      const processes = sessionProcesses(listener.pid)
      expect(new Set(processes.map(({ group }) => group)).size).toBe(2)
      listener.stop(signal)
      expect(await listener.ended).toEqual({ code: signal === "SIGTERM" ? 143 : 130, signal: null, exit: "success" })
      expect(text()).toContain("Exiting...")
      expect(sessionProcesses(listener.pid)).toEqual([])
    },
  )

  it("that is repeated leaves no listener alone", async () => {
    // The first one only starts the end of the job; run.sh has no trap any more when the second one comes.
    const slow = `echo $$ > listener.pid; trap 'echo "Exiting..."; END=$((SECONDS + 2))' INT; echo "Listening for Jobs"
      while [ -z "$END" ] || [ $SECONDS -lt $END ]; do sleep 0.05; done`
    const { listener, events, text } = await start({ ...programs, listener: slow })
    await until(() => events.some(({ type }) => type === "listening"))
    listener.stop("SIGINT")
    await until(() => text().includes("Exiting..."))
    await new Promise((resolve) => setTimeout(resolve, 100))
    listener.stop("SIGINT")
    const pid = pidIn("listener.pid")
    expect(lives(pid)).toBe(true)
    expect(await listener.ended).toMatchObject({ signal: null, exit: "success" })
    expect(lives(pid)).toBe(false)
  })

  it("by SIGKILL ends all of it", async () => {
    const { listener, events } = await start({
      ...programs,
      listener: `(trap '' INT TERM; exec sleep 300) & ${POLITE}`,
    })
    await until(() => events.some(({ type }) => type === "listening"))
    expect(sessionProcesses(listener.pid).length).toBeGreaterThanOrEqual(4)
    listener.stop("SIGKILL")
    expect(await listener.ended).toMatchObject({ code: null, signal: "SIGKILL" })
    await until(() => sessionProcesses(listener.pid).length === 0)
  })

  it("of run.sh alone, by others, takes the listener with it", async () => {
    const { listener, events } = await start(programs)
    await until(() => events.some(({ type }) => type === "listening"))
    const pid = pidIn("listener.pid")
    process.kill(listener.pid, "SIGKILL")
    expect(await listener.ended).toMatchObject({ code: null, signal: "SIGKILL" })
    await until(() => !lives(pid))
  })

  it("of a run.sh that is the listener itself works as well, twice", async () => {
    const { listener, events } = await start({
      "run.sh": `trap 'N=$((N+1)); echo "Exiting... $N"; [ $N = 2 ] && exit 0' INT; echo "Listening for Jobs"; while :; do sleep 0.05; done`,
    })
    await until(() => events.some(({ type }) => type === "listening"))
    listener.stop("SIGINT")
    await new Promise((resolve) => setTimeout(resolve, 200))
    listener.stop("SIGINT")
    expect(await listener.ended).toMatchObject({ code: 0, signal: null })
  })
})

it("does not wait for a process that a job left behind", async () => {
  const { listener, text } = await start({ "run.sh": `(trap '' INT TERM; exec setsid sleep 30) & echo done` })
  const start_ = performance.now()
  expect(await listener.ended).toMatchObject({ code: 0 })
  expect(performance.now() - start_).toBeLessThan(5000)
  expect(text()).toBe("done\n")
})
