import { describe, expect, it } from "vitest"
import { annotationsOf, labelsOf } from "../../../../dagger/src/core/plan/labels.js"
import { planVariant } from "../../../../dagger/src/core/plan/plan.js"
import type { BuildRequest } from "../../../../dagger/src/core/request/request.js"
import type { VariantName } from "../../../../dagger/src/core/variants/names.js"
import { parseSourceCode, remoteUrl } from "../../../../dagger/src/core/text/source-code.js"

const COMMIT = "0123456789abcdef0123456789abcdef01234567"

describe("the URL for a remote", () => {
  it.each([
    ["https://github.com/owner/runner.git", "https://github.com/owner/runner"],
    ["https://github.com/owner/runner/", "https://github.com/owner/runner"],
    ["git@github.com:owner/runner.git", "https://github.com/owner/runner"],
    ["ssh://git@github.com:22/owner/runner.git", "https://github.com/owner/runner"],
    ["git@git.example.com:owner/runner.git", "ssh://git@git.example.com/owner/runner"],
    ["ssh://git@git.example.com:2222/owner/runner.git", "ssh://git@git.example.com:2222/owner/runner"],
    [
      "https://someone:token@git.example.com:8443/owner/runner?private=1#x",
      "https://git.example.com:8443/owner/runner",
    ],
    ["https://token@github.com/owner/runner", "https://github.com/owner/runner"],
    ["/srv/git/runner.git", undefined],
    ["../runner", undefined],
    ["file:///srv/git/runner.git", undefined],
    ["http://127.0.0.1:3000/owner/runner", undefined],
    ["", undefined],
  ])("%s is %s", (remote, url) => {
    expect(remoteUrl(remote)).toBe(url)
  })
})

describe("what a user says", () => {
  it("is taken as it is", () => {
    const given = { url: " https://git.example.com/runner ", revision: COMMIT }
    expect(parseSourceCode(given)).toEqual({ url: "https://git.example.com/runner", revision: COMMIT })
    expect(parseSourceCode({})).toEqual({})
  })

  it.each([
    [{ url: "" }, '--source-url is "", which is not the URL of source code'],
    [{ url: "owner/runner" }, '--source-url is "owner/runner", which is not the URL'],
    [{ url: "file:///srv/git" }, "which is not the URL of source code"],
    [{ url: "https://someone:hunter2@git.example.com/runner" }, "Leave it out: https://git.example.com/runner."],
    [{ url: "https://git.example.com/runner?token=hunter2" }, "Leave it out: https://git.example.com/runner."],
    [{ revision: "" }, '--source-revision is "", which is not a commit'],
    [{ revision: "a\nb" }, '--source-revision is "a\\nb", which is not a commit'],
  ])("is refused when it is %j", (given, message) => {
    const attempt = () => parseSourceCode(given)
    expect(attempt).toThrow(expect.objectContaining({ code: "USAGE" }))
    expect(attempt).toThrow(message)
    expect(attempt).not.toThrow("hunter2")
  })
})

describe("labels", () => {
  const request: BuildRequest = {
    ...{ platforms: ["linux/amd64"], variants: ["standard"], sources: "registry", sudo: false, refresh: false },
  }
  const facts = { created: "2026-01-02T03:04:05Z", base: "debian@sha256:0", runnerVersion: "1" }
  const plan = (change: Partial<BuildRequest> = {}) =>
    planVariant("standard", { ...request, ...change }, { mode: "registry", reason: "" })

  it("and annotations name the source code that is known", () => {
    const known = {
      "org.opencontainers.image.source": "https://github.com/owner/runner",
      "org.opencontainers.image.revision": COMMIT,
    }
    const source = { url: "https://github.com/owner/runner", revision: COMMIT }
    expect(labelsOf(plan(), { ...facts, source })).toMatchObject(known)
    expect(annotationsOf(plan(), { ...facts, source })).toMatchObject(known)
  })

  it("say nothing of what is not known", () => {
    const names = Object.keys(labelsOf(plan(), { ...facts, source: { url: "https://github.com/owner/runner" } }))
    expect(names).toContain("org.opencontainers.image.source")
    expect(names).not.toContain("org.opencontainers.image.revision")
    expect(Object.keys(labelsOf(plan(), facts)).filter((name) => /source$|revision$/.test(name))).toEqual([])
  })

  it("say which options an image was built with", () => {
    const options = (variant: VariantName, change: Partial<BuildRequest>) => {
      const planned = planVariant(variant, { ...request, ...change }, { mode: "registry", reason: "" })
      return Object.entries(labelsOf(planned, facts)).filter(([name]) => /sudo|root|cjk/.test(name))
    }
    const all = { sudo: true, root: true, cjkFonts: true }
    const privileges = [
      ["com.github.runner.sudo", "true"],
      ["com.github.runner.root", "true"],
    ]
    expect(options("chrome", {})).toEqual([])
    expect(options("chrome", all)).toEqual([...privileges, ["com.github.runner.cjk-fonts", "true"]])
    // It has no such fonts, whatever is asked for.
    expect(options("standard", all)).toEqual(privileges)
  })
})
