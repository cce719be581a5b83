import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { instanceName } from "../../../src/engine/bare/instance/instance-name.js"
import { unusedArtefacts } from "../../../src/engine/bare/prune.js"
import { StateFolder } from "../../../src/engine/bare/state/state-folder.js"

it("lies in the cache folder, and does not take a relative one", () => {
  expect(StateFolder.of({ XDG_CACHE_HOME: "/c" }).root).toBe("/c/runner-images/engine")
  expect(StateFolder.of({ XDG_CACHE_HOME: "c" }).root).toMatch(/^\/.*\/\.cache\/runner-images\/engine$/)
})

it("gives every instance of every folder names of its own, that the kernel can bear", () => {
  const folders = [new StateFolder("/a"), new StateFolder("/b")].flatMap((state) => [
    state.instance("default"),
    state.instance("a-name-with-as-many-as-32-letters"),
  ])
  expect(new Set(folders.map((folder) => folder.hostInterface)).size).toBe(4)
  for (const folder of folders) {
    expect(folder.hostInterface.length).toBeLessThanOrEqual(15)
    expect(folder.socket.length).toBeLessThan(108)
  }
  expect(new StateFolder("/a").instance("default").id).toBe(new StateFolder("/a").instance("default").id)
})

it.each([
  [undefined, {}, "default"],
  [undefined, { RUNNER_IMAGES_INSTANCE: "ci" }, "ci"],
  [undefined, { RUNNER_IMAGES_INSTANCE: "" }, "default"],
  ["mine", { RUNNER_IMAGES_INSTANCE: "ci" }, "mine"],
])("instance %s with %o is %s", (flag, env, expected) => {
  expect(instanceName(flag, env)).toBe(expected)
})

it.each(["", "../up", "A", "-a", "a b", "a".repeat(33)])("instance %o is refused", (name) => {
  expect(() => instanceName(name, {})).toThrow(expect.objectContaining({ code: "USAGE" }))
})

it("gives up artefacts that no record names, of other engine versions too, and no other file", () => {
  const root = mkdtempSync(join(tmpdir(), "state-"))
  try {
    const state = new StateFolder(root)
    const kept = [state.binaries("used"), state.content("used"), state.bases("used"), state.emulator("used")]
    const old = [state.binaries("old"), state.bases("old"), join(root, "v0.1.0", "content-used")]
    for (const path of [...kept, ...old, state.instances, join(root, "registry-program-debian-13")])
      mkdirSync(path, { recursive: true })
    const keys = { binaries: "used", content: "used", bases: "used", emulator: "used" }
    expect(unusedArtefacts(state, [{ keys }, { keys: {} }]).sort()).toEqual(old.sort())
  } finally {
    rmSync(root, { recursive: true })
  }
})
