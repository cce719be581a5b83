import { describe, expect, it } from "vitest"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { parseSources } from "../../../../dagger/src/core/request/request.js"
import { parseRunner } from "../../../../dagger/src/core/request/runner.js"
import { parseVariants, VARIANTS } from "../../../../dagger/src/core/variants/names.js"
import { parseCompression } from "../../../../dagger/src/core/request/compression.js"

function refused(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    if (error instanceof RunnerImagesError) return `${error.code}: ${error.problem} ${error.remedy}`
    throw error
  }
  throw new Error("not refused")
}

describe("variants", () => {
  it("are standard when none is named, and every one for all", () => {
    expect(parseVariants(undefined)).toEqual(["standard"])
    expect(parseVariants([" Standard "])).toEqual(["standard"])
    expect(parseVariants(["all"])).toEqual([...VARIANTS])
  })

  it.each([
    [[], "--variants is empty."],
    [[""], "--variants is empty."],
    [["standard", ""], "--variants has an empty entry."],
    [["standard", "standard"], "--variants names standard twice."],
    [["all", "standard"], '--variants names others beside "all".'],
    [["all", "all"], '--variants names others beside "all".'],
    [["al"], 'There is no variant "al". Did you mean all?'],
    [["windows-desktop"], 'There is no variant "windows-desktop". Choose from '],
  ])("are refused: %j", (given, message) => {
    expect(refused(() => parseVariants(given))).toContain(`VARIANT_INVALID: ${message}`)
  })
})

describe("sources", () => {
  it("are auto when not given, and in any case of letters", () => {
    expect([undefined, "upstream", " Registry"].map(parseSources)).toEqual(["auto", "upstream", "registry"])
  })

  it.each([
    ["", "--sources is empty. Choose from auto, upstream, registry."],
    ["upsteam", '"upsteam" is not a source of tools. Did you mean upstream?'],
    ["nowhere", '"nowhere" is not a source of tools. Choose from auto, upstream, registry.'],
  ])("are refused: %j", (given, message) => {
    expect(refused(() => parseSources(given))).toBe(`SOURCES_INVALID: ${message}`)
  })
})

describe("runner", () => {
  it("is auto when not given, and in any case of letters", () => {
    expect([undefined, "official", " Act"].map(parseRunner)).toEqual(["auto", "official", "act"])
  })

  it.each([
    ["", "--runner is empty. Choose from auto, official, act."],
    ["offical", '"offical" is not a runner. Did you mean official?'],
    ["stand-in", '"stand-in" is not a runner. Choose from auto, official, act.'],
  ])("is refused: %j", (given, message) => {
    expect(refused(() => parseRunner(given))).toBe(`RUNNER_INVALID: ${message}`)
  })
})

describe("compression", () => {
  it("is gzip when not given, and in any case of letters", () => {
    expect([undefined, "gzip", " Zstd", "eStargz"].map(parseCompression)).toEqual(["gzip", "gzip", "zstd", "estargz"])
  })

  it.each([
    ["", "--compression is empty. Choose from gzip, zstd, estargz."],
    ["zst", '"zst" is not a compression for layers. Did you mean zstd?'],
    ["stargz", '"stargz" is not a compression for layers. Did you mean estargz?'],
    ["none", '"none" is not a compression for layers. Choose from gzip, zstd, estargz.'],
  ])("is refused: %j", (given, message) => {
    expect(refused(() => parseCompression(given))).toBe(`COMPRESSION_INVALID: ${message}`)
  })
})
