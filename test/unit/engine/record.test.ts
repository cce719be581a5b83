import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import {
  forgetChange,
  readRecord,
  recordChange,
  recordSchema,
  writeRecord,
  type InstanceRecord,
} from "../../../src/engine/bare/state/record.js"
import { StateFolder } from "../../../src/engine/bare/state/state-folder.js"

const RECORD: InstanceRecord = {
  schemaVersion: 1,
  name: "default",
  id: "2f67879e",
  bootId: "boot",
  engineVersion: "v0.19.10",
  registryPort: 5000,
  link: "10.86.1.4/30",
  containers: "10.87.0.0/16",
  keys: {},
  changes: [],
  marker: "marker",
  processes: {},
}

let root: string
const folder = () => new StateFolder(root).instance("default")
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "record-"))
})
afterEach(() => rmSync(root, { recursive: true }))

it("comes back as it was written, and leaves no half-written file", () => {
  expect(readRecord(folder())).toBeUndefined()
  writeRecord(folder(), RECORD)
  expect(readRecord(folder())).toEqual(RECORD)
  expect(readdirSync(folder().root)).toEqual(["record.json"])
})

it("keeps a change on disk before and until it is forgotten, and each once", () => {
  const record: InstanceRecord = { ...RECORD, changes: [] }
  recordChange(folder(), record, { kind: "interface", name: "ri-2f67879e" })
  recordChange(folder(), record, { kind: "interface", name: "ri-2f67879e" })
  recordChange(folder(), record, { kind: "cgroup", name: "runner-images-2f67879e" })
  expect(readRecord(folder())?.changes).toEqual([
    { kind: "interface", name: "ri-2f67879e" },
    { kind: "cgroup", name: "runner-images-2f67879e" },
  ])
  for (const change of record.changes.filter(({ kind }) => kind === "interface")) forgetChange(folder(), record, change)
  expect(readRecord(folder())?.changes).toEqual([{ kind: "cgroup", name: "runner-images-2f67879e" }])
})

it.each([
  ["not JSON", "{"],
  ["another schema version", JSON.stringify({ ...RECORD, schemaVersion: 2 })],
  ["a change of an unknown kind", JSON.stringify({ ...RECORD, changes: [{ kind: "format-disk" }] })],
])("is refused when it is %s", (_case, text) => {
  writeRecord(folder(), RECORD)
  writeFileSync(folder().record, text)
  expect(() => readRecord(folder())).toThrow(expect.objectContaining({ code: "ENGINE_STATE" }))
})

it("refuses a process without a start time", () => {
  expect(recordSchema.safeParse({ ...RECORD, processes: { engine: { pid: 7 } } }).success).toBe(false)
})
