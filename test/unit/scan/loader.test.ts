import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { elfFile } from "./elf-file.js"

const SCRIPT = "dagger/scripts/loader.mjs"
const NODE = "/usr/local/bin/node"
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runner-images-loader-"))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

function place(path: string, content: string | Buffer | { target: string }) {
  const full = join(folder, "root", path)
  mkdirSync(dirname(full), { recursive: true })
  if (typeof content === "object" && "target" in content) symlinkSync(content.target, full)
  else writeFileSync(full, content)
}

const run = () => {
  const args = [SCRIPT, join(folder, "root"), NODE, join(folder, "copy")]
  return spawnSync(process.execPath, args, { encoding: "utf8" })
}

describe("loader.mjs copies the dynamic linker that a program names", () => {
  it.each<[string, Readonly<Record<string, string>>]>([
    ["directly", { "/lib64/ld.so.2": "" }],
    [
      "through links of the image, relative and absolute",
      { "/lib64": "usr/lib64", "/usr/lib64/ld.so.2": "/opt/ld-1.so" },
    ],
    ["through a link that leads out of the root, as if there were nothing outside", { "/lib64": "../../../../opt" }],
  ])("%s", (_, links) => {
    place(NODE, elfFile({ type: 2, interpreter: "/lib64/ld.so.2", machine: 183 }))
    for (const [path, target] of Object.entries(links)) if (target !== "") place(path, { target })
    const real = links["/lib64"] === undefined ? "/lib64/ld.so.2" : (links["/usr/lib64/ld.so.2"] ?? "/opt/ld.so.2")
    place(real, "the image's own\n")
    expect(run()).toMatchObject({ status: 0, stderr: "" })
    expect(readFileSync(join(folder, "copy"), "utf8")).toBe("the image's own\n")
  })

  it.each<[string, string | Buffer, Readonly<Record<string, string>>, string]>([
    ["the program is a script", "#!/bin/sh\n", {}, `${NODE} names no dynamic linker`],
    ["it is linked statically", elfFile({ type: 2 }), {}, `${NODE} names no dynamic linker`],
    ["the linker is missing", elfFile({ interpreter: "/lib/ld.so" }), {}, "/lib/ld.so is no file of the image"],
    ["its link leads in a circle", elfFile({ interpreter: "/lib/ld.so" }), { "/lib": "/lib" }, "/lib/ld.so is no file"],
  ])("and fails where %s", (_, node, links, message) => {
    place(NODE, node)
    for (const [path, target] of Object.entries(links)) place(path, { target })
    const { status, stderr } = run()
    expect(status).not.toBe(0)
    expect(stderr).toContain(message)
  })

  it("finds the one that this machine's own program is started with", () => {
    execFileSync(process.execPath, [SCRIPT, "/", process.execPath, join(folder, "copy")])
    const said = spawnSync(process.execPath, [
      "-p",
      "process.report.getReport().sharedObjects.find((p) => /ld-/.test(p))",
    ])
    expect(readFileSync(join(folder, "copy"))).toEqual(readFileSync(said.stdout.toString().trim()))
  })
})
