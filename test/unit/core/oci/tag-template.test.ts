import { describe, expect, it } from "vitest"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import {
  assertTemplates,
  commitTag,
  dateTag,
  expandTags,
  parseTagTemplates,
} from "../../../../dagger/src/core/oci/tag-template.js"

const FACTS = {
  version: "0.1.0",
  runner: "2.338.0",
  date: "2026.11.30",
  commit: "0123456789ab",
  variant: "chrome",
}

function refused(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    if (error instanceof RunnerImagesError && error.code === "REFERENCE_INVALID")
      return `${error.problem} ${error.remedy}`
    throw error
  }
  throw new Error("not refused")
}

describe("tags with placeholders", () => {
  it("become what is known of the image", () => {
    const templates = ["{version}-{date}", "{runner}", "{variant}-{commit}", "latest"]
    expect(expandTags(templates, FACTS)).toEqual(["0.1.0-2026.11.30", "2.338.0", "chrome-0123456789ab", "latest"])
  })

  it("are one tag where they become the same", () => {
    expect(expandTags(["{version}", "{runner}"], { ...FACTS, runner: "0.1.0" })).toEqual(["0.1.0"])
  })

  it("are kept as they are given", () => {
    expect(parseTagTemplates([" {version}-{date}", "latest"])).toEqual(["{version}-{date}", "latest"])
  })

  it.each<[string[], string]>([
    [[], "No tag is given"],
    [["", " "], "No tag is given"],
    [["latest", ""], "--tags has an empty entry."],
    [
      ["{verison}"],
      'The tag "{verison}" has the placeholder {verison}, which does not exist. Did you mean {version}? There are {version}, {runner}, {date}, {commit} and {variant}.',
    ],
    [
      ["{}"],
      'The tag "{}" has the placeholder {}, which does not exist. There are {version}, {runner}, {date}, {commit} and {variant}.',
    ],
    [["{Version}"], "Did you mean {version}?"],
    [["{version"], '"{version" is not a tag.'],
    [["version}"], '"version}" is not a tag.'],
    [["{{version}}"], '"{{version}}", which becomes "{1.2.3}", is not a tag.'],
    [["-{date}"], '"-{date}", which becomes "-2026.11.30", is not a tag.'],
    [["{date}", "latest", "{date}"], "--tags names {date} twice. Name each tag once."],
    [[`sha256-${"a".repeat(64)}`], "is not for images: registries without a referrers API"],
    [[`sha256-${"a".repeat(64)}.sig`], "is not for images: registries without a referrers API"],
  ])("are refused: %j", (given, message) => {
    expect(refused(() => parseTagTemplates(given))).toContain(message)
  })

  it.each<[string[], string]>([
    [["{version}", "0.1.0"], "--tags names 0.1.0 twice, as {version} and as 0.1.0. Name each tag once."],
    [["{variant}-{version}", "chrome-{version}"], "--tags names chrome-0.1.0 twice, as"],
  ])("are refused before the build where two will be the same: %j", (given, message) => {
    const { version, variant } = FACTS
    expect(
      refused(() => {
        assertTemplates(given, { version, variant })
      }),
    ).toContain(message)
  })

  it("are not refused for what a build may decide otherwise", () => {
    assertTemplates(["{date}", "2026.11.30", "2.338.0", "{runner}"], { version: "0.1.0" })
  })

  it("are refused where nothing is known to fill in", () => {
    expect(
      refused(() => {
        assertTemplates(["x-{commit}"], { version: "0.1.0" })
      }),
    ).toBe(
      'The tag "x-{commit}" needs the commit that the image is built from, shortened to 12 digits, which is not known. Build from a Git checkout without uncommitted changes, or give --source-revision.',
    )
    expect(refused(() => expandTags(["{date}"], { version: "0.1.0" }))).toContain("Leave {date} out.")
  })
})

describe("what tags say", () => {
  it("of the day, in UTC", () => {
    expect(dateTag("2026-11-30T23:59:59Z")).toBe("2026.11.30")
    expect(dateTag("2026-12-01T00:30:00+02:00")).toBe("2026.11.30")
    expect(dateTag("yesterday")).toBeUndefined()
  })

  it("of the commit: a digest is shortened, another system's number is not", () => {
    expect(commitTag("0123456789abcdef0123456789abcdef01234567")).toBe("0123456789ab")
    expect(commitTag("1234567")).toBe("1234567")
    expect(commitTag("release-2026-11-30-x")).toBe("release-2026-11-30-x")
  })
})
