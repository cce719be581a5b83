import { execa } from "execa"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { BuildRequest } from "../../../dagger/src/core/request/request.js"
import { withSourceCode, type GivenSource } from "../../../src/input/source-code.js"
import { temporaryFolder } from "../temporary-folder.js"

const REQUEST: BuildRequest = {
  ...{ platforms: ["linux/amd64"], variants: ["standard"], sources: "registry", sudo: false, refresh: false },
}
const REMOTE = "https://someone:secret@git.example.com/owner/runner.git"

async function checkout(...remote: string[]) {
  const folder = temporaryFolder("runner-images-checkout")
  const git = async (...words: string[]) => (await execa("git", words, { cwd: folder })).stdout
  await git("init", "--quiet")
  for (const url of remote) await git("remote", "add", "origin", url)
  writeFileSync(join(folder, "file"), "one")
  await git("add", "file")
  await git("-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "one")
  return { folder, commit: await git("rev-parse", "HEAD") }
}

async function sourceOf(folder: string, given: GivenSource = noOptions, request = REQUEST) {
  const notes: string[] = []
  const { source } = await withSourceCode(request, given, (line) => notes.push(line), folder)
  return { source, notes }
}

const noOptions = { sourceUrl: undefined, sourceRevision: undefined }

describe("where the source code is", () => {
  it("is told by Git, without the password of the remote", async () => {
    const { folder, commit } = await checkout(REMOTE)
    const source = { url: "https://git.example.com/owner/runner", revision: commit }
    expect(await sourceOf(folder)).toEqual({ source, notes: [] })
  })

  it.each(["file", "another file"])("is no commit when %s is not as committed", async (name) => {
    const { folder } = await checkout(REMOTE)
    writeFileSync(join(folder, name), "two")
    expect(await sourceOf(folder)).toEqual({
      source: { url: "https://git.example.com/owner/runner" },
      notes: ["The images will have no revision label: the checkout has uncommitted changes."],
    })
  })

  it("is not told by a folder, nor by a repository without a remote or with one on this machine", async () => {
    const notes = ["The images will have no source labels: this is not a readable Git checkout."]
    expect(await sourceOf(temporaryFolder("runner-images-no-checkout"))).toEqual({ source: {}, notes })
    for (const remote of [[], ["/srv/git/runner.git"]]) {
      const { folder, commit } = await checkout(...remote)
      const told = [
        "The images will have no source URL label: the checkout has no remote origin that others can reach.",
      ]
      expect(await sourceOf(folder)).toEqual({ source: { revision: commit }, notes: told })
    }
  })

  it("is not told by a repository that merely contains the folder", async () => {
    const { folder } = await checkout(REMOTE)
    mkdirSync(join(folder, "inner"))
    expect((await sourceOf(join(folder, "inner"))).source).toEqual({})
  })

  it("is what the user says, and then nothing else", async () => {
    const { folder } = await checkout(REMOTE)
    const url = "https://github.com/owner/runner"
    expect(await sourceOf(folder, { sourceUrl: url, sourceRevision: undefined })).toEqual({
      source: { url },
      notes: [],
    })
    expect(await sourceOf(folder, { sourceUrl: "none", sourceRevision: "none" })).toEqual({ source: {}, notes: [] })
  })

  it("is not told for a definition file", async () => {
    const { folder } = await checkout(REMOTE)
    const own = { name: "mine" } as unknown as NonNullable<BuildRequest["custom"]>
    const { source, notes } = await sourceOf(folder, noOptions, { ...REQUEST, custom: own })
    expect(source).toBeUndefined()
    expect(notes).toHaveLength(1)
  })
})
