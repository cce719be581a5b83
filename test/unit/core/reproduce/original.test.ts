import { describe, expect, it } from "vitest"
import { composeRequest, type GivenBuild } from "../../../../dagger/src/core/plan/compose-request.js"
import { parseOriginal, rebuildOf } from "../../../../dagger/src/core/reproduce/original.js"
import { recorded } from "../../../../dagger/src/core/request/request.js"
import type { Report } from "../../../../dagger/src/core/report/report.js"
import { resolveDefinition } from "../../../../dagger/src/core/variants/definitions.js"
import { platformReport, report } from "../report/reports.js"

const INDEX = `sha256:${"9".repeat(64)}`
const BASE = `docker.io/library/debian:trixie-slim@sha256:${"b".repeat(64)}`
const REQUEST = { base: "debian:trixie-slim", compression: "gzip" }
const reportOf = (change: Partial<Report> = {}) =>
  JSON.stringify(
    report({
      index: INDEX,
      request: REQUEST,
      platforms: [platformReport("linux/amd64", { base: BASE })],
      ...change,
    }),
  )

const DEFINITION = `name: databases
extends: standard
title: Databases
description: A runner
packages: [postgresql-client]
checks:
  - name: version
    proves: psql runs
    command: psql --version
    expect:
      matches: PostgreSQL
`

describe("the build that makes an image again", () => {
  it.each<[string, Partial<GivenBuild>, Partial<Report>]>([
    ["of a variant with defaults", { variants: ["chrome"] }, { variant: "chrome" }],
    [
      "with every option",
      {
        variants: ["chrome"],
        compression: "zstd",
        sudo: true,
        root: true,
        cjkFonts: true,
        source: { url: "https://example.com/images", revision: "a".repeat(40) },
      },
      { variant: "chrome", sudo: true, root: true },
    ],
    ["of a definition file", { definition: { text: DEFINITION, name: "databases.yaml" } }, { variant: "databases" }],
  ])("asks for what was asked for: %s", (_, given, made) => {
    // The runner is asked for by its kind, whatever auto would decide now.
    const whole: GivenBuild = {
      runner: "act",
      sudo: false,
      root: false,
      cjkFonts: false,
      refresh: false,
      sources: "registry",
      ...given,
    }
    const first = composeRequest({ ...whole, platforms: ["linux/amd64"] })
    const { lock, ...again } = composeRequest(
      rebuildOf(reportOf({ ...made, request: recorded(first, given.cjkFonts === true ? ["cjkFonts"] : []) })),
    )
    expect(again).toEqual(first)
    expect(lock).toMatchObject({ base: `sha256:${"b".repeat(64)}`, platforms: { "linux/amd64": [{ name: "git" }] } })
  })

  it("takes each tool from where it came from, whatever auto would decide now", () => {
    const there = { from: "upstream", reason: "it was there" } as const
    const tools = {
      ...Object.fromEntries(resolveDefinition("standard", undefined).tools.map((name) => [name, there])),
      gh: { from: "registry", reason: "404" } as const,
      runner: { from: "registry", reason: "404" } as const,
    }
    const request = composeRequest(rebuildOf(reportOf({ sources: { requested: "auto", tools } })))
    expect(request).toMatchObject({ sources: "auto", decided: tools, runner: "act" })
  })

  it("takes the definition that is given instead of the recorded one", () => {
    const text = reportOf({ variant: "databases", request: { ...REQUEST, definition: "not: valid" } })
    const { custom } = composeRequest(rebuildOf(text, { definition: { text: DEFINITION, name: "databases.yaml" } }))
    expect(custom?.name).toBe("databases")
  })
})

it.each([
  ["{", "it is not JSON"],
  ["{}", "schemaVersion: "],
  ['{"schemaVersion": 3}', "it is a report of schema version 3, but this program writes version 4; "],
  [reportOf({ index: undefined }), "no image was written in that build, because its checks failed"],
  [reportOf({ request: undefined }), "it does not say what was asked for"],
])("refuses a report that cannot be repeated: %#", (text, why) => {
  expect(() => parseOriginal(text)).toThrow(
    new RegExp(`^The original cannot be reproduced: ${why}.*\\[ORIGINAL_INVALID\\]$`),
  )
})
