import { execFileSync } from "node:child_process"
import { mkdir, readdir, readFile, symlink, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { JobLog } from "../../../docker/runtime/src/metrics/job-log.js"
import { fieldName, formatRecord, parseRecord } from "../../../docker/runtime/src/metrics/job-record.js"
import { jobStatus } from "../../../docker/runtime/src/metrics/job-status.js"
import { temporaryFolder } from "../../unit/temporary-folder.js"

const LINE = "2026-01-02T01:00:00Z,1_build,success,60,\n"

const at = (time: string): Date => new Date(`2026-01-02T${time}Z`)

async function newLog(
  text?: string,
): Promise<{ log: JobLog; path: string; folder: string; read: () => Promise<string> }> {
  const folder = temporaryFolder("job-log")
  const path = join(folder, "jobs.log")
  if (text !== undefined) await writeFile(path, text)
  return { log: new JobLog(path), path, folder, read: () => readFile(path, "utf8") }
}

describe("the result of a job", () => {
  it.each([
    ["Succeeded", "success"],
    ["SucceededWithIssues", "success"],
    ["Failed", "failed"],
    ["Canceled", "cancelled"],
    ["Skipped", "skipped"],
    ["Abandoned", "abandoned"],
    ["SomethingNew", "unknown"],
    ["", "unknown"],
  ])("%s is %s", (result, status) => {
    expect(jobStatus(result)).toBe(status)
  })
})

describe("a line of the job log", () => {
  it.each([
    [
      { at: at("03:04:05.678"), name: "build", status: "success", seconds: 42 },
      "2026-01-02T03:04:05Z,build,success,42,",
    ],
    [{ at: at("03:04:05"), name: "build", status: "running" }, "2026-01-02T03:04:05Z,build,running,,"],
    [
      { at: at("03:04:05"), name: "test (20, linux)\n", status: "failed", seconds: 0 },
      "2026-01-02T03:04:05Z,test (20_ linux)_,failed,0,",
    ],
  ] as const)("%j", (record, line) => {
    expect(formatRecord(record)).toBe(line)
    expect(formatRecord(parseRecord(line) ?? record)).toBe(line)
  })

  it.each([
    ["2025-11-17T10:00:00Z,12_build,success,300,7", { name: "12_build", status: "success", seconds: 300 }],
    ["2025-11-17T10:00:00Z,12_build,running,0,0", { name: "12_build", status: "running", seconds: 0 }],
  ])("%s, as another program wrote it", (line, record) => {
    expect(parseRecord(line)).toEqual({ at: new Date("2025-11-17T10:00:00Z"), ...record })
  })

  it.each([
    "",
    "0",
    "nonsense",
    "2026-01-02T03:04:05Z,build,great,1,",
    "never,build,success,1,",
    "2026-01-02T03:04:05Z,,success,1,",
    "2026-01-02T03:04:05Z,a,success,1,2,3",
    // What is left of a line whose beginning was cut off.
    "6-01-02T03:04:05Z,build,success,1,",
    "2026,build,success,1,",
  ])("%j is none", (line) => {
    expect(parseRecord(line)).toBeUndefined()
  })

  it("has no duration where there is no whole number", () => {
    expect(parseRecord("2026-01-02T03:04:05Z,build,success,-5,")).toEqual({
      at: at("03:04:05"),
      name: "build",
      status: "success",
    })
    expect(parseRecord(`2026-01-02T03:04:05Z,build,success,${"9".repeat(400)},`)?.seconds).toBeUndefined()
  })

  it("has a name that can be printed, and not more of it than one can read", () => {
    expect(parseRecord("2026-01-02T03:04:05Z,a\u001b[2J\u009b\u202eb,success,1,")?.name).toBe("a_[2J__b")
    expect(fieldName("x".repeat(100_000)).length).toBeLessThan(300)
  })
})

describe("the job log", () => {
  it("is made where there is none", async () => {
    const { log, read } = await newLog()
    expect(await log.open()).toEqual([])
    expect(await read()).toBe("")
  })

  it("has one line a job: running, then how it ended", async () => {
    const { log, read, folder } = await newLog()
    await log.open()
    await log.add({ at: at("03:00:00"), name: "build", status: "running" })
    expect(await read()).toBe("2026-01-02T03:00:00Z,build,running,,\n")
    await log.add({ at: at("03:01:00"), name: "build", status: "success", seconds: 60 })
    await log.add({ at: at("03:02:00"), name: "build", status: "running" })
    expect(await read()).toBe("2026-01-02T03:01:00Z,build,success,60,\n2026-01-02T03:02:00Z,build,running,,\n")
    expect(await readdir(folder)).toEqual(["jobs.log"])
  })

  it("takes up what was there, without what is no record, and a job that died with its runner as abandoned", async () => {
    const { log, read } = await newLog(
      "2026-01-02T01:00:00Z,1_build,success,60,0\n0\n\n2026-01-02T02:00:00Z,2_build,running,0,0\n2026-01-02T02:30:00Z,3_bu",
    )
    await log.open()
    expect(await read()).toBe("2026-01-02T01:00:00Z,1_build,success,60,\n2026-01-02T02:00:00Z,2_build,abandoned,,\n")
  })

  it("ends a job by its name as it stands in the log", async () => {
    const { log, read } = await newLog()
    await log.open()
    await log.add({ at: at("03:00:00"), name: "test (1, 2)", status: "running" })
    await log.add({ at: at("03:00:09"), name: "test (1, 2)", status: "failed", seconds: 9 })
    expect(await read()).toBe("2026-01-02T03:00:09Z,test (1_ 2),failed,9,\n")
  })

  it("keeps the newest ten thousand", async () => {
    const { log, read } = await newLog("2026-01-02T01:00:00Z,old,success,1,\n".repeat(10_000))
    await log.open()
    await log.add({ at: at("03:00:00"), name: "new", status: "failed", seconds: 1 })
    const lines = (await read()).trimEnd().split("\n")
    expect(lines.length).toBe(10_000)
    expect(lines.at(-1)).toBe("2026-01-02T03:00:00Z,new,failed,1,")
  })

  it("follows no link that somebody put beside it", async () => {
    const { log, path, folder } = await newLog()
    const target = join(folder, "precious")
    await writeFile(target, "precious")
    await symlink(target, `${path}.tmp`)
    await log.open()
    expect(await readFile(target, "utf8")).toBe("precious")
  })

  it.each<[string, (path: string, folder: string) => Promise<unknown> | Buffer, string]>([
    [
      "a link",
      (path, folder) => writeFile(join(folder, "precious"), LINE).then(() => symlink("precious", path)),
      "a link",
    ],
    ["a link to an endless file", (path) => symlink("/dev/zero", path), "a link"],
    ["a pipe", (path) => execFileSync("mkfifo", [path]), "no regular file"],
  ])("is not read when it is %s, and that is told", async (_, make, why) => {
    const { log, path, folder } = await newLog()
    await make(path, folder)
    await expect(log.open()).rejects.toThrow(`${path} is ${why}`)
  })

  it("reads the end of a file that is far too long", async () => {
    const { log, path, read } = await newLog("")
    await truncate(path, 2 ** 33)
    await writeFile(path, `\n${LINE}`, { flag: "a" })
    expect(await log.open()).toHaveLength(1)
    expect(await read()).toBe(LINE)
  })

  it("fails where there is no file to be had", async () => {
    const { path } = await newLog()
    await mkdir(path)
    await expect(new JobLog(path).open()).rejects.toThrow(`${path} is no regular file`)
    await expect(new JobLog(join(path, "missing", "jobs.log")).open()).rejects.toThrow("ENOENT")
  })
})
