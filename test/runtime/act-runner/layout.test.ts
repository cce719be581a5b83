import { execa } from "execa"
import { mkdtemp, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { SOURCES } from "./program.js"

const LAYOUT = join(SOURCES, "layout")

let folder = ""
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "act-runner-layout-"))
})
afterEach(() => rm(folder, { recursive: true }))

it("has a Node.js for actions that is the image's, also where a copy of the runner links to it", async () => {
  await symlink(join(LAYOUT, "externals"), join(folder, "externals"))
  const own = join(folder, "externals/node24/bin")
  const path = `${own}:${join(LAYOUT, "externals/node24/bin")}:${process.env.PATH}`
  for (const program of [join(own, "node"), "node"]) {
    const { stdout } = await execa(program, ["--version"], { env: { PATH: path }, timeout: 10_000 })
    expect(stdout).toBe(process.version)
  }
})

it("says that there is no Node.js where there is none", async () => {
  const program = join(LAYOUT, "externals/node24/bin/node")
  const { exitCode, stderr } = await execa(program, [], { env: { PATH: folder }, extendEnv: false, reject: false })
  expect({ exitCode, stderr }).toEqual({ exitCode: 127, stderr: "there is no Node.js in PATH" })
})
