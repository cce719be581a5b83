import { execFileSync } from "node:child_process"
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { assetsFolder } from "../../../src/input/host-files.js"
import { refusal, WORK } from "./command-line.js"

let count = 0
function folder(make: (folder: string) => void): string {
  const made = join(WORK, "assets", String(++count))
  mkdirSync(made, { recursive: true })
  make(made)
  return made
}

describe("a folder of assets is refused before any work", () => {
  it.each<[string, (folder: string) => void, string]>([
    [
      "with a pipe in the place of an archive",
      (made) => execFileSync("mkfifo", [join(made, "node.tar.xz")]),
      "node.tar.xz is neither a file nor a folder",
    ],
    [
      "with a link to a device",
      (made) => symlinkSync("/dev/zero", join(made, "node.tar.xz")),
      "node.tar.xz is neither a file nor a folder",
    ],
    [
      "with a link out of it",
      (made) => {
        writeFileSync(join(made, "../elsewhere"), "")
        symlinkSync("../elsewhere", join(made, "node.tar.xz"))
      },
      "node.tar.xz is a link that leads out of the folder",
    ],
    [
      "with a link that leads nowhere",
      (made) => symlinkSync("absent", join(made, "node.tar.xz")),
      "node.tar.xz is a link that leads nowhere",
    ],
    [
      "with a link to itself",
      (made) => symlinkSync("node.tar.xz", join(made, "node.tar.xz")),
      "node.tar.xz is a link that leads nowhere",
    ],
  ])("%s", async (_, make, problem) => {
    const made = folder(make)
    expect(await refusal("build", "--assets", made)).toBe(
      `2\nerror: --assets: ${made.replace(WORK, "<work>")}/${problem}. [USAGE]\nPut the file itself there, or remove it.`,
    )
  })

  it("and is taken with files, folders and links among them", () => {
    const made = folder((at) => {
      writeFileSync(join(at, "..node.tar.xz"), "")
      mkdirSync(join(at, "older"))
      writeFileSync(join(at, "older/node.tar.xz"), "")
      symlinkSync("older/node.tar.xz", join(at, "node.tar.xz"))
    })
    expect(assetsFolder(made)).toBe(made)
  })

  it("and is taken by a link to it", () => {
    const link = `${folder(() => undefined)}.link`
    symlinkSync(
      folder((at) => writeFileSync(join(at, "node.tar.xz"), "")),
      link,
    )
    expect(assetsFolder(link)).toBe(link)
  })
})
