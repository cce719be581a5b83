import { expect, it } from "vitest"
import { cachedTools, toolCacheEntries } from "../../../../dagger/src/core/plan/tool-cache.js"
import { PLATFORMS } from "../../../../dagger/src/core/platforms.js"

const TOOLS = [
  { name: "runner", version: "2.338.0" },
  { name: "node", version: "24.21.0" },
  { name: "go", version: "1.26.8" },
]
const PACKAGES = [
  { name: "python3", version: "3.13.5-1" },
  { name: "python3.13", version: "3.13.5-2+deb13u5" },
  { name: "python3.13-minimal", version: "3.13.5-2+deb13u5" },
]

it("an image offers its Node.js, Python and Go to setup-* actions", () => {
  expect(cachedTools(TOOLS, PACKAGES)).toEqual([
    {
      name: "node",
      version: "24.21.0",
      links: {
        "bin/node": "/usr/local/bin/node",
        "bin/npm": "/usr/local/bin/npm",
        "bin/npx": "/usr/local/bin/npx",
      },
    },
    {
      name: "Python",
      version: "3.13.5",
      links: {
        "bin/python": "/usr/bin/python",
        "bin/python3": "/usr/bin/python3",
        "bin/python3.13": "/usr/bin/python3.13",
        "bin/pip": "/usr/bin/pip",
        "bin/pip3": "/usr/bin/pip3",
      },
    },
    { name: "go", version: "1.26.8", links: { "": "/usr/local/go" } },
  ])
})

it("an image offers nothing whose version is not known, and nothing that it has not", () => {
  expect(cachedTools([{ name: "node", version: "unknown" }], [])).toEqual([])
})

it.each(PLATFORMS)("the entries for %s are links of root's, and what the tool cache needs to find them", (platform) => {
  const tools = [
    { name: "a", version: "1.2.3", links: { "bin/a": "/usr/bin/a" } },
    { name: "b", version: "4.5.6", links: { "": "/opt/b" } },
  ]
  const neutral = JSON.stringify(toolCacheEntries(tools, platform)).replaceAll(/\/(x64|arm64)\b/g, "/ARCH")
  expect(JSON.parse(neutral)).toEqual({
    links: {
      "/usr/local/lib/runner-images/tool-cache/a/1.2.3/ARCH/bin/a": "/usr/bin/a",
      "/usr/local/lib/runner-images/tool-cache/b/4.5.6/ARCH": "/opt/b",
    },
    cached: {
      "/opt/hostedtoolcache/a/1.2.3/ARCH": "/usr/local/lib/runner-images/tool-cache/a/1.2.3/ARCH",
      "/opt/hostedtoolcache/b/4.5.6/ARCH": "/usr/local/lib/runner-images/tool-cache/b/4.5.6/ARCH",
    },
    complete: ["/opt/hostedtoolcache/a/1.2.3/ARCH.complete", "/opt/hostedtoolcache/b/4.5.6/ARCH.complete"],
  })
})
