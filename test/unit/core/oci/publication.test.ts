import { describe, expect, it } from "vitest"
import {
  assertPublishable,
  namesBeforeBuild,
  planPublication,
  repositoryFor,
  requireConsent,
} from "../../../../dagger/src/core/oci/publication.js"
import { SOURCES_CHECK } from "../../../../dagger/src/core/checks/static-checks.js"
import type { Report } from "../../../../dagger/src/core/report/report.js"
import type { BuildRequest } from "../../../../dagger/src/core/request/request.js"
import type { RunnerMode } from "../../../../dagger/src/core/request/runner.js"
import { FAILED, INCONCLUSIVE, PASSED, platformReport, report, SKIPPED } from "../report/reports.js"

const OPTIONS = {
  repository: "ghcr.io/owner/runner",
  tags: ["1.2.3", "latest"],
  runner: "act" as RunnerMode,
  variantTags: false,
}
const plan = (change: Partial<Report>, options = OPTIONS) =>
  planPublication([{ variant: "standard", report: report(change) }], options)

describe("planPublication", () => {
  it("names the digests to push and, for the act runner, tags that say so", () => {
    expect(plan({})).toEqual([
      {
        variant: "standard",
        repository: "ghcr.io/owner/runner",
        tags: ["1.2.3-act", "latest-act"],
        index: `sha256:${"0".repeat(64)}`,
        manifests: [`sha256:${"1".repeat(64)}`, `sha256:${"2".repeat(64)}`],
        compressedBytes: 0,
      },
    ])
  })

  it("leaves the tags of images with GitHub's runner alone, consent or not", () => {
    const real = { runner: { kind: "official", version: "2.330.0" } } as const
    expect(plan(real)[0]?.tags).toEqual(["1.2.3", "latest"])
    expect(plan(real, { ...OPTIONS, runner: "auto" })[0]?.tags).toEqual(["1.2.3", "latest"])
  })

  it("says in the tags that containers start as root", () => {
    const real = { runner: { kind: "official", version: "2.330.0" } } as const
    expect(plan({ ...real, root: true })[0]?.tags).toEqual(["1.2.3-root", "latest-root"])
    expect(plan({ root: true })[0]?.tags).toEqual(["1.2.3-root-act", "latest-root-act"])
  })

  it("says in the tags that jobs can become root", () => {
    const real = { runner: { kind: "official", version: "2.330.0" } } as const
    expect(plan({ ...real, sudo: true })[0]?.tags).toEqual(["1.2.3-sudo", "latest-sudo"])
    expect(plan({ root: true, sudo: true })[0]?.tags).toEqual(["1.2.3-sudo-root-act", "latest-sudo-root-act"])
  })

  it("names variants beside standard as well where that is wanted", () => {
    const real = report({ runner: { kind: "official", version: "2.330.0" } })
    const names = (variantTags: boolean) =>
      planPublication(
        (["standard", "chrome-go"] as const).map((variant) => ({ variant, report: real })),
        { ...OPTIONS, variantTags },
      ).map(({ repository, tags, alias }) => ({ repository, tags, alias }))
    const own = [
      { repository: "ghcr.io/owner/runner", tags: ["1.2.3", "latest"], alias: undefined },
      { repository: "ghcr.io/owner/runner-chrome-go", tags: ["1.2.3", "latest"], alias: undefined },
    ]
    expect(names(false)).toEqual(own)
    const alias = { repository: "ghcr.io/owner/runner", tags: ["chrome-go-1.2.3", "chrome-go-latest"] }
    expect(names(true)).toEqual([own[0], { ...own[1], alias }])
  })

  it("fills in what tags say of the image", () => {
    const tags = ["{version}-{date}", "{runner}", "{commit}", "latest"]
    const revision = "0123456789abcdef0123456789abcdef01234567"
    const request = { base: "debian:trixie-slim", compression: "gzip", source: { revision } }
    expect(plan({ request }, { ...OPTIONS, tags })[0]?.tags).toEqual([
      "0.1.0-2026.01.02-act",
      "0.13.0-act-act",
      "0123456789ab-act",
      "latest-act",
    ])
  })

  it("names a variant once in standard's repository", () => {
    const real = report({ runner: { kind: "official", version: "2.330.0" } })
    const [chrome] = planPublication([{ variant: "chrome", report: real }], {
      ...OPTIONS,
      tags: ["{variant}-{runner}", "{runner}", "latest"],
      variantTags: true,
    })
    expect(chrome?.tags).toEqual(["chrome-2.330.0", "2.330.0", "latest"])
    expect(chrome?.alias?.tags).toEqual(["chrome-2.330.0", "chrome-latest"])
  })

  it("refuses a tag that is too long with the variant's name", () => {
    const long = { ...OPTIONS, tags: ["x".repeat(122)] }
    const built = [{ variant: "chrome" as const, report: report({ runner: { kind: "official", version: "2.330.0" } }) }]
    expect(planPublication(built, long)).toHaveLength(1)
    expect(() => planPublication(built, { ...long, variantTags: true })).toThrow("is not a tag")
  })

  const arm = (change: Parameters<typeof platformReport>[1]) => ({
    platforms: [platformReport("linux/amd64"), platformReport("linux/arm64", change)],
  })
  const withoutIndex = report()
  delete withoutIndex.index
  const withoutDigest = platformReport("linux/arm64")
  delete withoutDigest.digest

  it.each<[string, Partial<Report>, Partial<typeof OPTIONS>, string, string]>([
    [
      "the act runner that nobody asked for",
      {},
      { runner: "auto" },
      "ACT_RUNNER_REFUSED",
      "The images contain github-act-runner",
    ],
    [
      "a failed check",
      arm({ checks: [PASSED, FAILED] }),
      {},
      "CHECKS_FAILED",
      "The image standard failed elf/architecture on linux/arm64; nothing",
    ],
    [
      "a check without an answer",
      arm({ checks: [PASSED, INCONCLUSIVE] }),
      {},
      "CHECKS_INCONCLUSIVE",
      "standard linux/arm64 browser/session: no answer within 600 seconds",
    ],
    ["a platform without checks", arm({ checks: [] }), {}, "CHECKS_FAILED", "was not tested on linux/arm64"],
    [
      "a platform with nothing but skipped checks",
      arm({ checks: [SKIPPED] }),
      {},
      "CHECKS_FAILED",
      "was not tested on linux/arm64",
    ],
    [
      "a platform without an image",
      { platforms: [platformReport("linux/amd64"), withoutDigest] },
      {},
      "CHECKS_FAILED",
      "was not finished",
    ],
    ["no platform at all", { platforms: [] }, {}, "CHECKS_FAILED", "was not finished"],
    ["no tag", {}, { tags: [] }, "REFERENCE_INVALID", "No tag is given"],
    ["a repository with a tag", {}, { repository: "ghcr.io/owner/runner:1" }, "REFERENCE_INVALID", "includes a tag"],
    ["a tag that is too long with its suffix", {}, { tags: ["x".repeat(125)] }, "REFERENCE_INVALID", "is not a tag"],
  ])("refuses %s", (_case, change, options, code, problem) => {
    const attempt = () => plan(change, { ...OPTIONS, ...options })
    expect(attempt).toThrow(expect.objectContaining({ code }))
    expect(attempt).toThrow(problem)
  })

  describe("with --sources auto", () => {
    const sources = { requested: "auto", tools: { node: { from: "upstream", reason: "it is there" } } } as const
    const proved = { name: SOURCES_CHECK, proves: "the label names the sources", status: "passed" } as const
    const checked = (...checks: Report["platforms"][number]["checks"]) => ({
      sources,
      platforms: [
        platformReport("linux/amd64", { checks: [PASSED, proved] }),
        platformReport("linux/arm64", { checks: [PASSED, ...checks] }),
      ],
    })

    it("publishes an image whose label was proved to say what was decided", () => {
      expect(plan(checked(proved))).toHaveLength(1)
    })

    it.each([
      ["was not checked", []],
      ["was not compared", [{ ...proved, status: "skipped", reason: "test" } as const]],
    ])("refuses one whose label %s on a platform", (_, checks) => {
      expect(() => plan(checked(...checks))).toThrow(
        "The image standard was built with --sources auto, but config/sources did not prove its label on linux/arm64; nothing was published.",
      )
      expect(plan({ ...checked(...checks), sources: { ...sources, requested: "upstream" } })).toHaveLength(1)
    })
  })

  it("refuses an image that has no index", () => {
    expect(() => planPublication([{ variant: "standard", report: withoutIndex }], OPTIONS)).toThrow("was not finished")
  })

  it("refuses every variant when one has failed", () => {
    const good = { variant: "standard" as const, report: report() }
    const bad = { variant: "standard" as const, report: report(arm({ checks: [FAILED] })) }
    expect(() => planPublication([good, bad], OPTIONS)).toThrow("nothing was published")
  })
})

describe("names", () => {
  it("are the repository's for standard, and end in the variant for others", () => {
    expect(repositoryFor("ghcr.io/owner/runner", "standard")).toBe("ghcr.io/owner/runner")
    expect(repositoryFor("ghcr.io/owner/runner", "chrome-go")).toBe("ghcr.io/owner/runner-chrome-go")
  })

  it.each(["auto", "official", undefined] as const)("need --runner act only for that runner, not %s", (asked) => {
    expect(() => requireConsent("act", asked)).toThrow(expect.objectContaining({ exitCode: 2 }))
    requireConsent("act", "act")
    requireConsent("official", asked)
  })

  it("are refused before the build if it is known which runner it would have", () => {
    const target = { repository: "ghcr.io/owner/runner", tags: ["try"] }
    const refused = (request: Pick<BuildRequest, "sources" | "runner">) => () => {
      assertPublishable({ variants: ["standard"], ...request }, target)
    }
    expect(refused({ sources: "registry" })).toThrow(expect.objectContaining({ code: "ACT_RUNNER_REFUSED" }))
    for (const sources of ["auto", "upstream"] as const) expect(refused({ sources })).not.toThrow()
    for (const runner of ["act", "official"] as const) expect(refused({ sources: "registry", runner })).not.toThrow()
  })
})

describe("names that are known before the build", () => {
  const target = {
    repository: "ghcr.io/owner/runner",
    tags: ["{version}-{date}", "{version}", "latest"],
    variantTags: true,
  }
  const facts = { variant: "chrome", runner: "act", sudo: true } as const

  it("are those that say nothing of what is built, with all marks", () => {
    const own = ["0.1.0-sudo-act", "latest-sudo-act"]
    expect(namesBeforeBuild(facts, {}, target)).toEqual({
      repository: "ghcr.io/owner/runner-chrome",
      tags: own,
      alias: { repository: "ghcr.io/owner/runner", tags: own.map((tag) => `chrome-${tag}`) },
    })
    const source = { revision: "0123456789abcdef" }
    const commit = { ...target, tags: ["{runner}", "{commit}"] }
    expect(namesBeforeBuild({ variant: "standard", runner: "official" }, { source }, commit)).toEqual({
      repository: "ghcr.io/owner/runner",
      tags: ["0123456789ab"],
    })
    const pinned = { variant: "standard", runner: "official", runnerVersion: "2.338.0" } as const
    expect(namesBeforeBuild(pinned, { source }, { ...commit, tags: ["{runner}", "{runner}-{date}"] }).tags).toEqual([
      "2.338.0",
    ])
  })

  it("need the commit where they name it", () => {
    const attempt = (source?: BuildRequest["source"]) => () => {
      const request = { variants: ["standard"], sources: "registry", runner: "act" } as const
      assertPublishable(
        { ...request, variants: ["standard"], ...(source ? { source } : {}) },
        { ...target, tags: ["{commit}"] },
      )
    }
    expect(attempt()).toThrow("which is not known. Build from a Git checkout without uncommitted changes")
    expect(attempt({ url: "https://git.example.com/owner/runner" })).toThrow("which is not known.")
    expect(attempt({ revision: "r42" })).not.toThrow()
    expect(attempt({ revision: "release/1+x" })).toThrow('"{commit}", which becomes "release/1+x", is not a tag.')
  })
})
