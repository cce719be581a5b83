import { describe, expect, it } from "vitest"
import {
  assertPublishable,
  planPublication,
  repositoryFor,
  requireConsent,
} from "../../../../dagger/src/core/oci/publication.js"
import { SOURCES_CHECK } from "../../../../dagger/src/core/checks/static-checks.js"
import type { Report } from "../../../../dagger/src/core/report/report.js"
import type { BuildRequest } from "../../../../dagger/src/core/request/request.js"
import type { RunnerMode } from "../../../../dagger/src/core/request/runner.js"
import { isNotThere, registryError } from "../../../../dagger/src/core/oci/registry-error.js"
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
      assertPublishable(request, target)
    }
    expect(refused({ sources: "registry" })).toThrow(expect.objectContaining({ code: "ACT_RUNNER_REFUSED" }))
    for (const sources of ["auto", "upstream"] as const) expect(refused({ sources })).not.toThrow()
    for (const runner of ["act", "official"] as const) expect(refused({ sources: "registry", runner })).not.toThrow()
  })
})

describe("registryError", () => {
  // Lines as skopeo 1.18 wrote them.
  const fatal = (message: string) => `time="2026-11-23T19:19:44Z" level=fatal msg=${JSON.stringify(message)}\n`

  it.each([
    ["reading manifest x in ghcr.io/o/r: unauthorized: authentication required", "AUTHENTICATION"],
    [
      "writing blob: initiating layer upload to /v2/o/r/blobs/uploads/ in ghcr.io: denied: requested access to the resource is denied",
      "AUTHENTICATION",
    ],
    [
      "unable to retrieve auth token: invalid username/password: unauthorized: HTTP Basic: Access denied",
      "AUTHENTICATION",
    ],
    [
      'pinging container registry registry.example: Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host',
      "REGISTRY_FAILED",
    ],
    [
      'pinging container registry r.example: Get "https://r.example/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
      "REGISTRY_FAILED",
    ],
    ["reading manifest x in ghcr.io/o/r: StatusCode: 403, <html>", "AUTHENTICATION"],
    ["reading manifest x in ghcr.io/o/r: manifest unknown", "REGISTRY_FAILED"],
  ])("shows %j as %s", (message, code) => {
    const error = registryError("push ghcr.io/o/r", `Getting image source signatures\n${fatal(message)}`, undefined)
    expect(error).toMatchObject({ code, problem: `Could not push ghcr.io/o/r: ${message}` })
  })

  it("asks for the certificate authority when one is missing", () => {
    expect(registryError("push x", fatal("x509: certificate signed by unknown authority"), undefined).remedy).toMatch(
      "--ca-bundle",
    )
  })

  it("does not take a digest for an HTTP status", () => {
    const message =
      "reading blob sha256:ab401 of 4030 bytes: received unexpected HTTP status: 500 Internal Server Error"
    expect(registryError("read x", fatal(message), undefined).code).toBe("REGISTRY_FAILED")
  })

  it("shows lines that are no log lines, and says when there are none", () => {
    expect(registryError("push x", "exec failed\n", undefined).problem).toBe("Could not push x: exec failed")
    expect(registryError("push x", "", undefined).problem).toBe("Could not push x: the registry client gave no reason.")
  })

  it.each([
    ["reading manifest x in r: manifest unknown", true],
    ["reading manifest x in r: name unknown: repository name not known to registry", true],
    ["reading manifest x in r: unknown: artifact team/runner:x not found", true],
    ["reading manifest x in r: unknown: Tag x was deleted or has expired. To pull, revive via time machine", true],
    ["reading manifest x in r: StatusCode: 404, <html>", true],
    ["reading manifest x in r: denied", false],
    ['pinging container registry r: Get "https://r/v2/": dial tcp: lookup r: no such host', false],
    ["reading manifest x in r: received unexpected HTTP status: 500 Internal Server Error", false],
  ])("knows from %j whether there is no such manifest: %s", (message, expected) => {
    expect(isNotThere(fatal(message))).toBe(expected)
  })

  it.each([
    ["limit: silence 180", "Could not push x: less than 4 KiB were transferred in 180 seconds."],
    ["limit: total 600", "Could not push x: it did not finish within 600 seconds."],
  ])("says which limit was reached: %s", (line, problem) => {
    const said = `${fatal("Failed, retrying in 1s")}${line}\n`
    expect(registryError("push x", said, undefined)).toMatchObject({ code: "REGISTRY_FAILED", problem })
  })
})
