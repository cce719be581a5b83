import { describe, expect, it } from "vitest"
import { upstreamUrls } from "../../../../dagger/src/core/catalog/catalog.js"
import { parseMirror } from "../../../../dagger/src/core/text/mirror.js"
import { assetName, decideSources } from "../../../../dagger/src/core/plan/sources.js"

const all = () => Promise.resolve(true)
const none = () => Promise.resolve(false)
const urls = upstreamUrls(["runner", "node"], ["linux/amd64", "linux/arm64"])

describe("decideSources", () => {
  const decide = (mode: "auto" | "upstream" | "registry", assets: string[], probe: (url: string) => Promise<boolean>) =>
    decideSources(mode, ["runner", "node"], ["linux/amd64", "linux/arm64"], assets, undefined, probe)

  it("takes upstream when every file answers", async () => {
    expect(await decide("auto", [], all)).toMatchObject({ mode: "upstream" })
  })

  it("takes the registries when none answers", async () => {
    expect(await decide("auto", [], none)).toEqual({ mode: "registry", reason: "no pinned upstream URL is reachable" })
  })

  it("takes the registries with a warning when only some answer", async () => {
    const decided = await decide("auto", [], (url) => Promise.resolve(url.includes("nodejs")))
    expect(decided.mode).toBe("registry")
    expect(decided.reason).toMatch(
      /^warning: only 2 of 4 pinned upstream URLs are reachable; not reachable: .*actions-runner/,
    )
  })

  it("warns as well when a single file answers", async () => {
    const decided = await decide("auto", [], (url) => Promise.resolve(url === urls[0]))
    expect(decided.reason).toMatch(/^warning: only 1 of 4 pinned upstream URLs are reachable; not reachable: /)
  })

  it("does without upstream when a single file is silent, and fails where it is demanded", async () => {
    const allButOne = (url: string) => Promise.resolve(url !== urls[0])
    expect(await decide("auto", [], allButOne)).toEqual({
      mode: "registry",
      reason: `warning: only 3 of 4 pinned upstream URLs are reachable; not reachable: ${urls[0] ?? ""}`,
    })
    await expect(decide("upstream", [], allButOne)).rejects.toMatchObject({ code: "UPSTREAM_UNREACHABLE" })
  })

  it("asks the mirror instead of the vendors", async () => {
    const asked: string[] = []
    const mirror = parseMirror("http://user:secret@mirror.example.com/up")
    const probe = (url: string) => (asked.push(url), all())
    await decideSources("auto", ["node"], ["linux/amd64", "linux/arm64"], [], mirror, probe)
    const vendors = upstreamUrls(["node"], ["linux/amd64", "linux/arm64"])
    expect(asked).toEqual(vendors.map((url) => url.replace("https://", "http://mirror.example.com/up/")))
  })

  it("asks no vendor when the registries are demanded", async () => {
    const asked: string[] = []
    await decide("registry", [], (url) => (asked.push(url), all()))
    expect(asked).toEqual([])
  })

  it("fails when upstream is demanded and silent, naming the files", async () => {
    await expect(decide("upstream", [], none)).rejects.toMatchObject({ code: "UPSTREAM_UNREACHABLE", exitCode: 5 })
  })

  it("needs no answer for files that were fetched beforehand", async () => {
    expect(await decide("upstream", urls.map(assetName), none)).toMatchObject({ mode: "upstream" })
  })
})
