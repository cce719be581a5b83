import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { refusal, WORK } from "../cli/command-line.js"

const image = (...words: string[]) => refusal("engine", "image", ...words)

it("refuses an archive that cannot be written, before anything is made", async () => {
  const folder = join(WORK, "folder")
  mkdirSync(folder)
  expect(await image("--output", folder)).toMatchInlineSnapshot(`
    "2
    error: <work>/folder cannot be written: it is not a file. [OUTPUT_UNWRITABLE]
    Name a file in it: --output <work>/folder/engine.tar"
  `)
  expect(await image("--output", "/proc/engine.tar")).toMatchInlineSnapshot(`
    "2
    error: The folder of --output /proc cannot be written: its file system accepts no new files. [OUTPUT_UNWRITABLE]
    Choose another file with --output, or change its permissions."
  `)
  expect(await image("--output", "/dev/null")).toMatchInlineSnapshot(`
    "2
    error: /dev/null cannot be written: it is not a file. [OUTPUT_UNWRITABLE]
    Choose another file with --output."
  `)
  rmSync(folder, { recursive: true })
})

it("has to be told where", async () => {
  expect(await image()).toMatchInlineSnapshot(`
    "2
    error: Missing required argument: output. [USAGE]
    Run runner-images --help."
  `)
})
