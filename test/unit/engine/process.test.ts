import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import {
  findMarked,
  isRunning,
  MARKER,
  parseStat,
  processStat,
  startDetached,
  stopProcess,
} from "../../../src/engine/bare/host/process.js"

it("reads the start time behind a name with parentheses and spaces", () => {
  const fields = ["S", "41", ...Array.from({ length: 17 }, (_, index) => String(index)), "987654", "0"]
  expect(parseStat(`7 (a) (b c) ${fields.join(" ")}\n`)).toEqual({ state: "S", parent: 41, startTime: "987654" })
})

it("knows its own start time, and nothing of a process that is not there", () => {
  expect(processStat(process.pid)?.startTime).toMatch(/^\d+$/)
  expect(processStat(process.pid)?.parent).toBe(process.ppid)
  expect(processStat(4_194_305)).toBeUndefined()
})

it("takes another process with the same number for another", async () => {
  const child = spawn("sleep", ["60"])
  const pid = child.pid ?? 0
  const real = { pid, startTime: processStat(pid)?.startTime ?? "" }
  const recycled = { pid, startTime: "1" }
  const another = { ...real, program: "/bin/another" }
  expect(isRunning(another)).toBe(false)
  expect([isRunning(real), isRunning(recycled)]).toEqual([true, false])
  await stopProcess(recycled, 1)
  expect(isRunning(real)).toBe(true)
  await stopProcess(real, 5)
  expect(isRunning(real)).toBe(false)
})

it("starts what outlives it, finds it by its marker, and ends it though it ignores the request", async () => {
  const folder = mkdtempSync(join(tmpdir(), "process-"))
  const logFile = join(folder, "log", "it.log")
  const marker = `test-${process.pid}`
  const script = "trap '' TERM; echo started; while :; do sleep 0.1; done"
  const started = await startDetached("sh", ["-c", script], {
    logFile,
    env: { PATH: "/usr/bin:/bin", [MARKER]: marker },
  })
  try {
    expect(started.startTime).toBe(processStat(started.pid)?.startTime)
    await expect.poll(() => readFileSync(logFile, "utf8")).toBe("started\n")
    expect(findMarked(marker)[0]).toEqual(started)
    expect(findMarked(`${marker}-other`)).toEqual([])
  } finally {
    await stopProcess(started, 0.3)
    rmSync(folder, { recursive: true })
  }
  expect(isRunning(started)).toBe(false)
})
