import { execFileSync } from "node:child_process"
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { equals, type CheckContext } from "../../../../dagger/src/core/checks/check.js"
import { addedToPath, pathOf, readOwnLayers, type OwnLayers } from "../../../../dagger/src/core/checks/own-layers.js"
import { byReference, changesAll, provedBelow } from "../../../../dagger/src/core/checks/repetition.js"
import { execChecks } from "../../../../dagger/src/core/checks/suite.js"
import { expectedTools } from "../../../../dagger/src/core/plan/expected-tools.js"
import { planVariant } from "../../../../dagger/src/core/plan/plan.js"
import type { CheckResult } from "../../../../dagger/src/core/report/report.js"
import { FACTS_FILE } from "../../../../dagger/src/core/variants/runtime-files.js"
import { temporaryFolder } from "../../temporary-folder.js"

const PACKAGES = [{ name: "git", version: "1:2.47.3-0+deb13u1", sha256: "0".repeat(64) }]

function contextOf(variant: string): CheckContext {
  const platform = "linux/arm64" as const
  const request = {
    platforms: [platform],
    variants: [variant],
    sources: "registry" as const,
    sudo: false,
    refresh: false,
  }
  const plan = planVariant(variant, request, { mode: "registry", reason: "test" })
  const tools = plan.platforms.flatMap((planned) =>
    expectedTools(planned, PACKAGES, { version: "0.1.0", module: "act@v0.1.0" }),
  )
  return { platform, emulated: true, plan, tools, packages: PACKAGES }
}

const below = contextOf("chrome")
const own = contextOf("chrome-go")
const LAYERS: OwnLayers = {
  added: ["/usr/local/go/"],
  replaced: [FACTS_FILE],
  programs: ["go", "gofmt"],
  shadowing: [],
}
const passed = execChecks(below).map(({ name, proves }): CheckResult => ({
  name,
  proves,
  status: "passed",
  seconds: 1,
}))

/** The checks that chrome-go runs itself. */
function repeated({ results = passed, layers = LAYERS, before = execChecks(below) } = {}): string[] {
  const checks = execChecks(own)
  const checked = { variant: "chrome", checks: before, results }
  const proved = provedBelow(checked, checks, { below, own }, layers)
  return checks.map(({ name }) => name).filter((name) => !proved.has(name))
}

const withVariable = (name: string, value: string): CheckContext => ({
  ...own,
  plan: { ...own.plan, environment: { ...own.plan.environment, [name]: value } },
})

describe("a variant on top of one that was checked in the same run", () => {
  it("repeats what its own tool and the facts about the image concern, and nothing else", () => {
    expect(changesAll(below, own, LAYERS)).toBeUndefined()
    expect(repeated()).toMatchInlineSnapshot(`
      [
        "version/go",
        "runtime/version",
        "runtime/configuration",
        "runtime/unhealthy",
        "path/user",
        "path/login",
        "go/platform",
        "go/build",
        "go/install",
        "go/cgo",
        "go/test",
        "go/race",
        "go/format",
        "go/login",
        "go/tool-cache",
        "go/cross-amd64",
      ]
    `)
  })

  it("repeats a check that did not pass below, with those that share its results", () => {
    const without = (name: string) =>
      passed.map((result) => (result.name === name ? { ...result, status: "skipped" as const } : result))
    const more = (name: string) => repeated({ results: without(name) }).filter((check) => !repeated().includes(check))
    expect(more("work/npm")).toEqual(["work/npm"])
    expect(more("browser/display")).toEqual(["browser/playwright", "browser/display"])
    expect(more("browser/session").slice(0, 3)).toEqual(["browser/session", "browser/versions", "browser/document"])
  })

  it("repeats a check that asked something else below", () => {
    const before = execChecks(below).map((check) =>
      check.name === "work/json" ? { ...check, expect: equals("4") } : check,
    )
    expect(repeated({ before }).filter((check) => !repeated().includes(check))).toEqual(["work/json"])
  })

  it("repeats a check that names what is new", () => {
    const more = (layers: OwnLayers) => repeated({ layers }).filter((check) => !repeated().includes(check))
    expect(more({ ...LAYERS, programs: ["go", "jq"] })).toContain("work/json")
    expect(more({ ...LAYERS, programs: ["j", "q"] })).toEqual([])
  })

  it.each<[string, CheckContext, Partial<OwnLayers>, string]>([
    [
      "a package",
      { ...own, packages: [...PACKAGES, { name: "vim", version: "1" }] },
      {},
      "chrome-go adds or changes packages, vim",
    ],
    [
      "a newer package",
      { ...own, packages: [{ name: "git", version: "2" }] },
      {},
      "chrome-go adds or changes packages, git",
    ],
    ["a variable", withVariable("LD_PRELOAD", "/x.so"), {}, "chrome-go sets LD_PRELOAD"],
    ["another value", withVariable("LANG", "C"), {}, "chrome-go sets LANG"],
    ["a shorter PATH", withVariable("PATH", "/usr/bin"), {}, "chrome-go removes or moves folders of PATH"],
    ["another user", { ...own, plan: { ...own.plan, root: true } }, {}, "chrome-go starts as another user"],
    ["a program of a known name", own, { shadowing: ["git"] }, "chrome-go has other programs on PATH, git"],
    ["a file instead of another", own, { replaced: ["/usr/bin/git"] }, "chrome-go replaces /usr/bin/git"],
    ["a program where others are", own, { added: ["/usr/local/bin/x"] }, "chrome-go adds /usr/local/bin/x"],
    [
      "a folder that programs search",
      own,
      { added: ["/home/runner/.docker/"] },
      "chrome-go adds /home/runner/.docker/",
    ],
    [
      "a program in a tool's folder of the tool cache",
      own,
      { added: ["/opt/hostedtoolcache/node/24.1.0/x64/bin/x"] },
      "chrome-go adds /opt/hostedtoolcache/node/24.1.0/x64/bin/x",
    ],
    ["many of them", own, { added: ["/a", "/b", "/c", "/d"] }, "chrome-go adds /a, /b, /c and 1 more"],
  ])("proves everything anew with %s", (_, context, layers, reason) => {
    expect(changesAll(below, context, { ...LAYERS, ...layers })).toBe(reason)
  })

  it("proves nothing anew with a tool of its own in the tool cache", () => {
    const added = ["/opt/hostedtoolcache/go/", "/usr/local/lib/runner-images/tool-cache/go/"]
    expect(changesAll(below, own, { ...LAYERS, added })).toBeUndefined()
  })

  it("reports what was proved below by the variant in whose image it ran", () => {
    const checked = {
      variant: "chrome",
      checks: [],
      results: [...passed.slice(0, 1), { ...passed[1], provedBy: "standard" } as CheckResult],
    }
    const names = new Set(checked.results.map(({ name }) => name))
    expect(byReference(checked, names).map(({ proves: _, ...result }) => result)).toMatchInlineSnapshot(`
      [
        {
          "name": "version/node",
          "provedBy": "chrome",
          "status": "passed",
        },
        {
          "name": "version/npm",
          "provedBy": "standard",
          "status": "passed",
        },
      ]
    `)
  })
})

describe("own-layers.sh", () => {
  const script = fileURLToPath(new URL("../../../../dagger/scripts/own-layers.sh", import.meta.url))

  function tree(files: readonly string[]): string {
    const root = temporaryFolder("own-layers")
    for (const file of files) {
      mkdirSync(dirname(join(root, file)), { recursive: true })
      if (file.endsWith("link")) symlinkSync("/nowhere", join(root, file))
      else writeFileSync(join(root, file), "", { mode: 0o755 })
    }
    return root
  }

  it("finds the outermost of what is new, what is replaced, and programs that hide others", () => {
    const [lower, upper] = [
      tree(["usr/bin/git", "usr/bin/awk-link", "etc/hosts", "opt/found/bin/jq"]),
      tree([
        "usr/local/go/bin/go",
        "usr/local/go/bin/git",
        "usr/local/go/bin/awk-link",
        "usr/local/go/src/a b/c.go",
        "etc/hosts",
        "etc/.hidden",
        "usr/bin/awk-link",
        "usr/bin/new name",
      ]),
    ]
    const output = execFileSync(
      "sh",
      [script, lower, upper, "/usr/local/go/bin:/opt/found/bin:/missing", "/usr/sbin:/usr/bin"],
      {
        encoding: "utf8",
      },
    )
    expect(readOwnLayers(output)).toMatchInlineSnapshot(`
      {
        "added": [
          "/etc/.hidden",
          "/usr/bin/new name",
          "/usr/local/",
        ],
        "programs": [
          "awk-link",
          "git",
          "go",
          "jq",
        ],
        "replaced": [
          "/etc/hosts",
          "/usr/bin/awk-link",
        ],
        "shadowing": [
          "awk-link",
          "git",
        ],
      }
    `)
  })

  it("is asked for the folders that a variant adds to PATH", () => {
    expect(addedToPath(below, own)).toEqual(["/usr/local/go/bin", "/home/runner/go/bin"])
    expect(pathOf(below).at(-1)).toBe("/bin")
  })
})
