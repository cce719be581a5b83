import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { writeLayout } from "../../../src/engine/bare/artefacts/oci-layout.js"
import { checkNamedDigest, writeRegistryStorage } from "../../../src/engine/bare/instance/registry-storage.js"

const IMAGE = { repository: "library/debian", tag: "trixie-slim" }

let root: string
let layout: string
let storage: string
let digest: string

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "registry-storage-"))
  layout = join(root, "layout")
  storage = join(root, "storage")
  writeFileSync(join(root, "rootfs.tar"), "not really a tar")
  const images = ["amd64", "arm64"].map((architecture) => ({ architecture, rootfs: join(root, "rootfs.tar") }))
  digest = await writeLayout(layout, "trixie-slim", "2026-11-22T02:09:05Z", images)
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

const blobs = () => join(layout, "blobs", "sha256")
const refused = () => expect(writeRegistryStorage(storage, layout, { ...IMAGE, digest })).rejects

it("has every blob under its digest, as the same file, and one name for the index", async () => {
  await writeRegistryStorage(storage, layout, { ...IMAGE, digest })
  const kept = join(storage, "docker/registry/v2/blobs/sha256")
  for (const hex of readdirSync(blobs()))
    expect(statSync(join(kept, hex.slice(0, 2), hex, "data")).ino).toBe(statSync(join(blobs(), hex)).ino)
  const tags = join(storage, "docker/registry/v2/repositories/library/debian/_manifests/tags")
  expect(readdirSync(tags)).toEqual(["trixie-slim"])
  expect(readFileSync(join(tags, "trixie-slim/current/link"), "utf8")).toBe(digest)
})

it("keeps nothing of what was there before", async () => {
  await writeRegistryStorage(storage, layout, { repository: "library/other", tag: "old", digest })
  await writeRegistryStorage(storage, layout, { ...IMAGE, digest })
  expect(readdirSync(join(storage, "docker/registry/v2/repositories/library"))).toEqual(["debian"])
})

it("refuses a layout with a changed blob, before anything is written", async () => {
  const [hex = ""] = readdirSync(blobs())
  writeFileSync(join(blobs(), hex), "changed")
  await refused().toMatchObject({
    code: "ENGINE_STATE",
    problem: expect.stringContaining(`sha256:${hex} does not match its digest`) as string,
  })
  expect(readdirSync(root)).not.toContain("storage")
})

it("refuses a layout that lacks a blob", async () => {
  const layer = readdirSync(blobs()).find((hex) => !readFileSync(join(blobs(), hex), "latin1").startsWith("{")) ?? ""
  renameSync(join(blobs(), layer), join(root, "gone"))
  await refused().toMatchObject({
    code: "ENGINE_STATE",
    problem: expect.stringContaining(`no blob sha256:${layer}`) as string,
  })
})

it("tells when the name leads to another digest than was recorded", async () => {
  await writeRegistryStorage(storage, layout, { ...IMAGE, digest })
  expect(() => checkNamedDigest(storage, IMAGE, digest)).not.toThrow()
  const link = join(storage, "docker/registry/v2/repositories/library/debian/_manifests/tags/trixie-slim/current/link")
  writeFileSync(link, `sha256:${"0".repeat(64)}`)
  expect(() => checkNamedDigest(storage, IMAGE, digest)).toThrow(expect.objectContaining({ code: "ENGINE_STATE" }))
})
