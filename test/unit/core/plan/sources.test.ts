import { describe, expect, it } from "vitest"
import { decidedTogether, TOOLS, upstreamFiles, type ToolName } from "../../../../dagger/src/core/catalog/catalog.js"
import { TOOL_ENTRIES } from "../../../../dagger/src/core/catalog/tools.js"
import type { ToolEntry } from "../../../../dagger/src/core/catalog/schema.js"
import {
  assetName,
  decideSources,
  fallbacks,
  imageSources,
  sourceForFiles,
  sourceGroups,
  sourceOf,
  sourceText,
  unofficialText,
  type Probe,
} from "../../../../dagger/src/core/plan/sources.js"
import { readSourcesLabel, sourcesLabel } from "../../../../dagger/src/core/plan/sources-label.js"
import { PLATFORMS } from "../../../../dagger/src/core/platforms.js"
import type { BuildRequest } from "../../../../dagger/src/core/request/request.js"
import { parseMirror } from "../../../../dagger/src/core/text/mirror.js"
import { resolveDefinition } from "../../../../dagger/src/core/variants/definitions.js"

const STANDARD = resolveDefinition("standard", undefined).tools
const CHROME = resolveDefinition("chrome", undefined).tools
const urlsOf = (tools: readonly ToolName[]) => upstreamFiles(tools, PLATFORMS).map(({ url }) => url)

const all: Probe = (urls) => Promise.resolve(urls.map(() => undefined))
/** Has all files except those whose URL matches one of the patterns. */
const without =
  (...absent: RegExp[]): Probe =>
  (urls) =>
    Promise.resolve(
      urls.map((url) => (absent.some((pattern) => pattern.test(url)) ? "the server answers 404" : undefined)),
    )

type Given = Partial<Pick<BuildRequest, "sources" | "runner" | "platforms" | "mirror" | "decided">> & {
  tools?: readonly ToolName[]
  assets?: string[]
  probe?: Probe
}
const decide = ({ tools = STANDARD, assets = [], probe = all, ...request }: Given) =>
  decideSources({ sources: "auto", platforms: [...PLATFORMS], ...request }, tools, assets, probe)
/** `registry: chrome, chromedriver; …` for each group, with the vendors' URLs cut down to the files' names, and without versions. */
const decided = async (given: Given) => {
  const { tools = STANDARD } = given
  const texts = sourceGroups(imageSources(tools, await decide(given))).map(sourceText)
  return texts.map((text) => text.replaceAll(/https:\/\/[^\s,]*\//g, "…/").replaceAll(/\d+(\.\d+)+/g, "VERSION"))
}

describe("auto decides for each tool", () => {
  it("upstream, if all of its files are there; npm is in Node.js' archive", async () => {
    expect(await decided({})).toEqual([
      "from upstream: node, npm, docker, buildx, compose, gh, runner; the pinned files are on their servers",
      "from registry: yarn; the vendor publishes only there",
    ])
  })

  it("the registry, if the file of one platform is not there", async () => {
    expect(await decided({ probe: without(/node-.*-linux-arm64/, /gh_/) })).toMatchInlineSnapshot(`
      [
        "from registry: node, npm; 1 of 2 pinned files cannot be had: …/node-vVERSION-linux-arm64.tar.xz (the server answers 404)",
        "from registry: yarn; the vendor publishes only there",
        "from upstream: docker, buildx, compose, runner; the pinned files are on their servers",
        "from registry: gh; 2 of 2 pinned files cannot be had: …/gh_VERSION_linux_amd64.tar.gz (the server answers 404), …/gh_VERSION_linux_arm64.tar.gz (the server answers 404)",
      ]
    `)
  })

  it("upstream all the same, if no image of that platform is requested", async () => {
    expect(await decided({ platforms: ["linux/amd64"], probe: without(/arm64/, /aarch64/) })).toEqual([
      "from upstream: node, npm, docker, buildx, compose, gh, runner; the pinned files are on their servers",
      "from registry: yarn; the vendor publishes only there",
    ])
  })

  it("the browser and its driver together", async () => {
    const texts = await decided({ tools: CHROME, probe: without(/chromedriver/) })
    expect(texts.map((text) => text.replace(/; (the catalog has no checksum|\d of 4 pinned files).*/, "; …"))).toEqual([
      "from upstream: node, npm, docker, buildx, compose, gh, runner; the pinned files are on their servers",
      "from registry: yarn, playwright-core, playwright; the vendor publishes only there",
      "from registry: chrome, chromedriver; …",
    ])
  })

  it.each([
    ["all files are known and there", "a", "b", [], "upstream: the pinned files are on their servers"],
    ["one has no checksum", "a", "unknown", [], "registry: the catalog has no checksum for https://b"],
    ["one is not there", "a", "b", ["https://a"], "registry: 1 of 2 pinned files cannot be had: https://a (404)"],
    ["another tool's is not there", "a", "b", ["https://c"], "upstream: the pinned files are on their servers"],
  ] as const)("where %s", (_, one, other, missing, expected) => {
    const file = (name: string, sha256: string) =>
      ({ tool: "gh", url: `https://${name}`, askedAt: `https://${name}`, sha256 }) as const
    const found = sourceForFiles([file("a", one), file("b", other)], new Map(missing.map((url) => [url, "404"])))
    expect(`${found.from}: ${found.reason}`).toBe(expected)
  })

  it("where a server cannot be reached, which is said once for all of its files", () => {
    const files = ["https://one.test/a", "https://one.test/b", "https://two.test/c"].map(
      (url) => ({ tool: "gh", url, askedAt: url, sha256: "a" }) as const,
    )
    const why = ["no host one.test, 3 times", "no host one.test, 3 times", "404"]
    const found = sourceForFiles(files, new Map(files.map(({ url }, place) => [url, why[place] ?? ""])))
    expect(found.reason).toBe("3 of 3 pinned files cannot be had: no host one.test, 3 times, https://two.test/c (404)")
  })

  it("where the mirror has the files, which is asked instead of the vendors", async () => {
    const asked: string[] = []
    const mirror = parseMirror("http://user:secret@mirror.example.com/up")
    const probe: Probe = (urls) => (asked.push(...urls), without(/node/)(urls))
    const sources = await decide({ tools: ["node", "gh"], mirror, probe })
    expect(asked).toEqual(urlsOf(["node", "gh"]).map((url) => url.replace("https://", "http://mirror.example.com/up/")))
    expect(sourceOf("node", sources).reason).toContain("http://mirror.example.com/up/nodejs.org/dist/")
    expect(sourceOf("gh", sources).from).toBe("upstream")
  })

  it("and asks for no file that was fetched beforehand", async () => {
    const files = urlsOf(["node", "gh"])
    const none = without(/./)
    expect(await decided({ tools: ["node", "npm"], assets: files.map(assetName), probe: none })).toEqual([
      "from upstream: node, npm; the pinned files are in the assets folder",
    ])
    const some = files.filter((url) => !/gh_.*_arm64/.test(url)).map(assetName)
    expect(await decided({ tools: ["gh"], assets: some })).toEqual([
      "from upstream: gh; the pinned files are in the assets folder or on their servers",
    ])
    expect((await decided({ tools: ["gh"], assets: some, probe: none })).join()).toMatch(/^from registry: gh; 1 of 2/)
  })

  it("once: what an earlier build decided is not asked again", async () => {
    const tools = imageSources(CHROME, await decide({ tools: CHROME, probe: without(/docker/) })).tools
    const again = await decide({
      tools: CHROME,
      decided: tools,
      probe: () => Promise.reject(new Error("nobody is asked")),
    })
    expect(imageSources(CHROME, again).tools).toEqual(tools)
    const { gh: _, ...lacking } = tools
    await expect(decide({ tools: CHROME, decided: lacking })).rejects.toMatchObject({
      code: "ORIGINAL_INVALID",
      problem: "The original's report does not say where gh came from.",
    })
  })

  it("and warns of those that it takes from the registry, unless it takes all from there", async () => {
    const warned = async (probe: Probe) => {
      const sources = imageSources(CHROME, await decide({ tools: CHROME, platforms: ["linux/amd64"], probe }))
      return fallbacks(sources).map(({ tools }) => tools)
    }
    expect(await warned(without(/gh_/, /chromedriver/))).toEqual([["gh"], ["chrome", "chromedriver"]])
    expect(await warned(without(/./))).toEqual([])
  })
})

describe("strict sources", () => {
  it("registry asks nobody", async () => {
    const probe = () => Promise.reject(new Error("nobody is asked"))
    expect(await decided({ sources: "registry", tools: CHROME, probe })).toEqual([
      "from registry: node, npm, docker, buildx, compose, gh, runner, chrome, chromedriver; requested with --sources registry",
      "from registry: yarn, playwright-core, playwright; the vendor publishes only there",
    ])
  })

  it("upstream takes all from there, and never falls back", async () => {
    expect(await decided({ sources: "upstream" })).toEqual([
      "from upstream: node, npm, docker, buildx, compose, gh, runner; requested with --sources upstream",
      "from registry: yarn; the vendor publishes only there",
    ])
    await expect(decide({ sources: "upstream", probe: without(/gh_.*_arm64/) })).rejects.toMatchObject({
      code: "UPSTREAM_UNREACHABLE",
      exitCode: 5,
      problem: `1 of 12 pinned files cannot be had: ${urlsOf(["gh"])[1] ?? ""} (the server answers 404).`,
    })
  })
})

describe("the runner, with --runner", () => {
  const from = async (given: Given) => sourceOf("runner", await decide(given))
  const none: Probe = () => Promise.reject(new Error("nobody is asked"))

  it.each(["auto", "upstream", "registry"] as const)("act is the module, with --sources %s", async (sources) => {
    const asked: string[] = []
    const probe: Probe = (urls) => (asked.push(...urls), all(urls))
    const found = await decide({ sources, runner: "act", probe })
    expect(sourceOf("runner", found)).toEqual({ from: "registry", reason: "requested with --runner act" })
    expect(asked.filter((url) => url.includes("actions-runner"))).toEqual([])
    expect(sourceOf("gh", found).from).toBe(sources === "registry" ? "registry" : "upstream")
  })

  it.each(["auto", "upstream", "registry"] as const)("official is GitHub's, with --sources %s", async (sources) => {
    const runner = { from: "upstream", reason: "requested with --runner official" }
    expect(await from({ sources, runner: "official" })).toEqual(runner)
    expect(
      await from({
        sources,
        runner: "official",
        tools: ["runner"],
        assets: urlsOf(["runner"]).map(assetName),
        probe: none,
      }),
    ).toEqual(runner)
  })

  it.each(["auto", "upstream", "registry"] as const)(
    "official never falls back, with --sources %s",
    async (sources) => {
      await expect(
        decide({ sources, runner: "official", probe: without(/actions-runner-linux-arm64/) }),
      ).rejects.toMatchObject({
        code: "UPSTREAM_UNREACHABLE",
        problem: expect.stringMatching(
          /pinned files? cannot be had: .*actions-runner-linux-arm64.* \(the server answers 404\)\.$/,
        ) as string,
        remedy: expect.stringContaining("--runner act") as string,
      })
    },
  )

  it("official asks nobody about what an earlier build decided", async () => {
    const tools = imageSources(STANDARD, await decide({ runner: "official" })).tools
    const again = await decide({ runner: "official", decided: tools, probe: none })
    expect(imageSources(STANDARD, again).tools).toEqual(tools)
  })

  it.each([
    ["upstream", "auto", all, "upstream", "the pinned files are on their servers"],
    ["registry", "auto", without(/actions-runner/), "registry", "2 of 2 pinned files cannot be had: "],
    ["upstream", "upstream", all, "upstream", "requested with --sources upstream"],
    ["registry", "registry", none, "registry", "requested with --sources registry"],
  ] as const)("auto is from %s with --sources %s", async (kind, sources, probe, expected, reason) => {
    expect(kind).toBe(expected)
    const found = await from({ sources, runner: "auto", probe })
    expect(found).toMatchObject({ from: expected, reason: expect.stringMatching(new RegExp(`^${reason}`)) as string })
    expect(await from({ sources, probe })).toEqual(found)
  })

  it("auto with --sources upstream never falls back either", async () => {
    await expect(from({ sources: "upstream", probe: without(/actions-runner/) })).rejects.toMatchObject({
      code: "UPSTREAM_UNREACHABLE",
    })
  })

  it("is warned of if it is not GitHub's and nobody asked for that", async () => {
    const warned = async (given: Given) => unofficialText(imageSources(STANDARD, await decide(given)), given.runner)
    expect(await warned({ probe: without(/actions-runner-linux-x64/), platforms: ["linux/amd64"] })).toMatch(
      /^the runner is github-act-runner, not GitHub's own: 1 of 1 pinned file cannot be had: https:.* \(the server answers 404\)\. docs\/ACT_RUNNER\.md says what it lacks; --runner act accepts it, --runner official fails instead$/,
    )
    expect(await warned({ sources: "registry" })).toMatch(/not GitHub's own: requested with --sources registry\./)
    expect(await warned({ sources: "registry", runner: "act" })).toBeUndefined()
    expect(await warned({})).toBeUndefined()
  })
})

describe("the label with the sources", () => {
  const sources = imageSources(["node", "gh"], {
    mode: "auto",
    tools: { node: { from: "upstream", reason: "a" }, gh: { from: "registry", reason: "http://private.example.com" } },
  })

  it("names the kind of each tool's source, without the reasons", () => {
    expect(sourcesLabel(sources)).toBe('{"gh":"registry","node":"upstream"}')
  })

  it("is the same, whether auto or the user chose the sources", async () => {
    const label = (mode: BuildRequest["sources"]) =>
      decide({ sources: mode }).then((found) => sourcesLabel(imageSources(STANDARD, found)))
    expect(await label("auto")).toBe(await label("upstream"))
  })

  it.each([
    ["as it was written", sourcesLabel(sources), { node: "upstream", gh: "registry" }],
    ["one word, of an earlier version", "registry", "registry"],
    ["nothing", "", undefined],
    ["another project's", "https://example.com", undefined],
    ["another format", '{"node":"elsewhere"}', undefined],
  ])("is read: %s", (_, text, read) => {
    expect(readSourcesLabel(text)).toEqual(read)
  })
})

it("every tool that depends on another names one of the catalog, in which it finds files", () => {
  const entries = Object.entries<ToolEntry>(TOOL_ENTRIES)
  for (const [name, { sameVersionAs, upstreamIn }] of entries)
    for (const other of [sameVersionAs, upstreamIn]) expect([undefined, ...TOOLS], name).toContain(other)
  const alone = decidedTogether(TOOLS).filter((names) => upstreamFiles(names, PLATFORMS).length === 0)
  expect(alone).toEqual([["yarn"], ["playwright-core", "playwright"]])
})
