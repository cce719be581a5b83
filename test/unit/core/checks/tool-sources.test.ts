import { describe, expect, it } from "vitest"
import type { CheckContext } from "../../../../dagger/src/core/checks/check.js"
import { sourcePlaces, sourceProblems } from "../../../../dagger/src/core/checks/tool-sources.js"
import { planVariant } from "../../../../dagger/src/core/plan/plan.js"
import { SOURCES_LABEL, sourcesLabel } from "../../../../dagger/src/core/plan/sources-label.js"
import type { DecidedSources } from "../../../../dagger/src/core/plan/sources.js"
import type { ToolSource } from "../../../../dagger/src/core/report/report.js"
import { resolveDefinition } from "../../../../dagger/src/core/variants/definitions.js"

const CHROME = resolveDefinition("chrome", undefined).tools
const source = (from: ToolSource["from"]): ToolSource => ({ from, reason: "test" })
/** GitHub's runner with the distribution's browser and Docker CLI. */
const mixed: DecidedSources = {
  mode: "auto",
  tools: Object.fromEntries(
    CHROME.map((name) => [name, source(["docker", "chrome", "chromedriver"].includes(name) ? "registry" : "upstream")]),
  ),
}
const plan = planVariant(
  "chrome",
  { platforms: ["linux/amd64"], variants: ["chrome"], sources: "auto", sudo: false, refresh: false },
  mixed,
)
const packages = ["docker-cli", "chromium", "chromium-driver"].map((name) => ({ name, version: "1" }))
const context: CheckContext = { platform: "linux/amd64", emulated: false, plan, tools: [], packages }
const file = { type: "file", mode: "755", owner: "0:0" } as const
const PLUGINS = "/usr/local/lib/docker/cli-plugins"
const paths = {
  ...Object.fromEntries(sourcePlaces().map((path) => [path, null])),
  [`${PLUGINS}/docker-buildx`]: file,
  [`${PLUGINS}/docker-compose`]: file,
  "/usr/local/bin/gh": file,
}
const label = sourcesLabel(plan.sources)

const problems = ({
  text = label,
  own = {},
  change = {},
}: {
  text?: string
  own?: Partial<CheckContext>
  change?: object
}) => sourceProblems({ ...context, ...own }, { [SOURCES_LABEL]: text }, { paths: { ...paths, ...change } })
/** The label with another source for one tool. */
const relabelled = (tool: string, from: string) => JSON.stringify({ ...(JSON.parse(label) as object), [tool]: from })

describe("the label with the tools' sources", () => {
  it("agrees with an image as it was planned", () => {
    expect(problems({})).toEqual([])
  })

  it("is compared with files and packages of exactly these tools", () => {
    expect(sourcePlaces()).toEqual([
      "/home/runner/licenses/act-runner.txt",
      "/usr/local/bin/docker",
      `${PLUGINS}/docker-buildx`,
      `${PLUGINS}/docker-compose`,
      "/usr/local/bin/gh",
      "/opt/chrome-for-testing",
      "/opt/chrome-for-testing/chromedriver",
    ])
  })

  it.each<[string, Parameters<typeof problems>[0], string]>([
    ["is missing", { text: "" }, `${SOURCES_LABEL} is missing`],
    ["is another project's", { text: "everywhere" }, `${SOURCES_LABEL} is not as this program writes it`],
    [
      "says something else than the plan",
      { text: relabelled("node", "registry") },
      "node is labelled registry, but was planned from upstream",
    ],
    [
      "lacks a tool",
      { text: relabelled("node", "upstream").replace('"node":"upstream",', "") },
      "node has no source in the label",
    ],
    ["names a tool of another image", { text: relabelled("go", "registry") }, "go is labelled, but not in this image"],
    [
      "hides a vendor's program behind a package's",
      { change: { "/usr/local/bin/docker": file } },
      "docker is labelled registry, but /usr/local/bin/docker exists",
    ],
    [
      "hides that the runner is not GitHub's",
      { change: { "/home/runner/licenses/act-runner.txt": file } },
      "runner is labelled upstream, but /home/runner/licenses/act-runner.txt exists",
    ],
    [
      "names a package that is not there",
      { own: { packages: packages.slice(0, 2) } },
      "chromedriver is labelled registry, but package chromium-driver is not installed",
    ],
    [
      "names a vendor's program that is not there",
      { change: { "/usr/local/bin/gh": null } },
      "gh is labelled upstream, but /usr/local/bin/gh does not exist",
    ],
  ])("%s", (_, given, problem) => {
    expect(problems(given)).toEqual([problem])
  })

  it("of an earlier version says one word for all tools", () => {
    const all = planVariant(
      "standard",
      { platforms: ["linux/amd64"], variants: ["standard"], sources: "upstream", sudo: false, refresh: false },
      { mode: "upstream", reason: "label" },
    )
    expect(problems({ text: "upstream", own: { plan: all } })).toEqual([
      "docker is labelled upstream, but /usr/local/bin/docker does not exist",
    ])
  })
})
