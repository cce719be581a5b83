import { describe, expect, it } from "vitest"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import {
  parseDigest,
  parseImageReference,
  parseRepository,
  parseTags,
} from "../../../../dagger/src/core/text/reference.js"

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`

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

describe("a repository", () => {
  it.each([
    ["ghcr.io/team/runner", "ghcr.io", undefined, "team/runner", false],
    ["registry.example.com:8443/a/b/c", "registry.example.com", 8443, "a/b/c", false],
    ["127.0.0.1:5000/runner", "127.0.0.1", 5000, "runner", true],
    ["127.9.8.7/runner", "127.9.8.7", undefined, "runner", true],
    ["localhost/runner", "localhost", undefined, "runner", true],
    ["[::1]:5000/runner", "[::1]", 5000, "runner", true],
    ["REGISTRY.example.com/a__b/c-d.e_f", "REGISTRY.example.com", undefined, "a__b/c-d.e_f", false],
    ["10.0.0.1:5000/runner", "10.0.0.1", 5000, "runner", false],
    ["127.example.com/runner", "127.example.com", undefined, "runner", false],
  ])("%s", (name, host, port, path, loopback) => {
    expect(parseRepository(name)).toEqual({ name, host, ...(port === undefined ? {} : { port }), path, loopback })
  })

  it.each([
    ["", "--repository is empty. Give host[:port]/path, as in ghcr.io/OWNER/github-runner."],
    ["team/runner", '"team/runner" does not name a registry. Put its host first, as in ghcr.io/team/runner.'],
    ["runner", '"runner" does not name a registry. Put its host first, as in ghcr.io/runner.'],
    [
      "https://ghcr.io/team/runner",
      '"https://ghcr.io/team/runner" is a URL, not a repository. Leave the scheme out: ghcr.io/team/runner.',
    ],
    [
      "ghcr.io/team/runner:v1",
      'The repository "ghcr.io/team/runner:v1" includes a tag. Give the tag separately: --tags v1.',
    ],
    [
      `ghcr.io/team/runner@${DIGEST}`,
      `The repository "ghcr.io/team/runner@${DIGEST}" includes a digest. Give host[:port]/path alone.`,
    ],
    [
      "ghcr.io/Team/runner",
      '"Team/runner" in "ghcr.io/Team/runner" is not a repository\'s path. It must be in lower case: ghcr.io/team/runner.',
    ],
    [
      "ghcr.io/team//runner",
      '"team//runner" in "ghcr.io/team//runner" is not a repository\'s path. It has lower-case letters, digits and single separators (. _ - /) between them.',
    ],
    [
      "ghcr.io/",
      '"" in "ghcr.io/" is not a repository\'s path. It has lower-case letters, digits and single separators (. _ - /) between them.',
    ],
    ["ghcr.io:0/runner", '"0" in "ghcr.io:0/runner" is not a port. A port is a number from 1 to 65535.'],
    ["ghcr.io:65536/runner", '"65536" in "ghcr.io:65536/runner" is not a port. A port is a number from 1 to 65535.'],
    ["ghcr.io:/runner", '"" in "ghcr.io:/runner" is not a port. A port is a number from 1 to 65535.'],
    ["-ghcr.io/runner", '"-ghcr.io" in "-ghcr.io/runner" is not a host. Give host[:port]/path.'],
    [
      `ghcr.io/${"a".repeat(250)}`,
      `The repository "ghcr.io/${"a".repeat(250)}" is too long. Registries take up to 255 characters.`,
    ],
  ])("is refused: %s", (given, message) => {
    expect(refused(() => parseRepository(given))).toBe(message)
  })
})

describe("tags", () => {
  it("keep their order", () => {
    expect(parseTags(["2026.11", " latest", "_x-1"])).toEqual(["2026.11", "latest", "_x-1"])
    expect(parseTags(["a".repeat(128)])).toHaveLength(1)
  })

  it.each([
    [undefined, "No tag is given"],
    [[], "No tag is given"],
    [["", " "], "No tag is given"],
    [["try", ""], "--tags has an empty entry."],
    [["-x"], '"-x" is not a tag.'],
    [[".x"], '".x" is not a tag.'],
    [["a/b"], '"a/b" is not a tag.'],
    [["a".repeat(129)], "is not a tag."],
    [["try", "latest", "try"], "--tags names try twice."],
  ])("are refused: %s", (given, message) => {
    expect(refused(() => parseTags(given))).toContain(message)
  })
})

describe("a digest", () => {
  it("is read, or refused", () => {
    expect(parseDigest(` ${DIGEST}`, "to")).toBe(DIGEST)
    for (const given of ["", "latest", "sha256:abc", `${DIGEST}0`, DIGEST.toUpperCase()])
      expect(refused(() => parseDigest(given, "to"))).toBe(
        `--to is "${given}", which is not a digest. A digest is sha256: and 64 hexadecimal digits.`,
      )
  })
})

describe("an image to pull", () => {
  it.each([
    ["ghcr.io/team/runner:v1", "v1", undefined],
    [`127.0.0.1:5000/runner@${DIGEST}`, undefined, DIGEST],
    [`127.0.0.1:5000/runner:v1@${DIGEST}`, "v1", DIGEST],
  ])("%s", (name, tag, digest) => {
    const { repository, ...rest } = parseImageReference(name)
    expect(rest).toEqual({ name, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) })
    expect(repository.path).toMatch(/^(team\/)?runner$/)
  })

  it.each([
    ["ghcr.io/team/runner", "has neither a tag nor a digest"],
    ["ghcr.io/team/runner:", '"" in "ghcr.io/team/runner:" is not a tag'],
    ["ghcr.io/team/runner@sha256:abc", "does not end in a digest"],
    ["runner:v1", "does not name a registry"],
  ])("is refused: %s", (given, message) => {
    expect(refused(() => parseImageReference(given))).toContain(message)
  })
})
