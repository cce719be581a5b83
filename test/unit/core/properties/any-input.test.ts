import fc from "fast-check"
import { stringify } from "yaml"
import { describe, expect, it } from "vitest"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { parseLock } from "../../../../dagger/src/core/packages/lock.js"
import {
  assertTemplates,
  expandTags,
  parseTagTemplates,
  PLACEHOLDERS,
} from "../../../../dagger/src/core/oci/tag-template.js"
import { PLATFORMS, parsePlatforms, spelling } from "../../../../dagger/src/core/platforms.js"
import { parseReport } from "../../../../dagger/src/core/report/report.js"
import { parseOriginal } from "../../../../dagger/src/core/reproduce/original.js"
import { parseCompression } from "../../../../dagger/src/core/request/compression.js"
import { parseSources } from "../../../../dagger/src/core/request/request.js"
import { parseRunner } from "../../../../dagger/src/core/request/runner.js"
import { billedPlatform } from "../../../../dagger/src/core/sbom/bill.js"
import { parseMirror } from "../../../../dagger/src/core/text/mirror.js"
import { parseImageReference, parseRepository, parseTags } from "../../../../dagger/src/core/text/reference.js"
import { parseSuiteRelease } from "../../../../dagger/src/core/packages/security-index.js"
import { parseSourceCode } from "../../../../dagger/src/core/text/source-code.js"
import { parseCustomVariant } from "../../../../dagger/src/core/variants/custom/custom-variant.js"
import { parseAllowList } from "../../../../dagger/src/core/vulnerabilities/allow-list.js"
import { parseFailOn } from "../../../../dagger/src/core/vulnerabilities/gate.js"
import { parseVariants } from "../../../../dagger/src/core/variants/names.js"

/** A run can be repeated: a failure names its seed and its counterexample. Another seed looks at other inputs. */
fc.configureGlobal({ seed: Number(process.env.RUNNER_IMAGES_TEST_SEED ?? 20261130), numRuns: 300 })

/** Text of any kind: control characters, halves of pairs, what means something to URLs, shells, YAML and terminals. */
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.string({
    unit: fc.constantFrom(...Array.from("aZ9.-_/:@#?%[]{}&*!|>'\"`~$ \\\t\n\r\0\u001b\u007f\u0085\u2028\ud800\ufeff")),
  }),
)
const texts = fc.array(anyText, { maxLength: 4 })
const anyJson = fc.jsonValue({ maxDepth: 4 })

const report = (text: string): unknown => parseReport(text, (why) => new RunnerImagesError("REPORT_INVALID", why, ""))

const ofText: Record<string, (text: string) => unknown> = {
  repository: parseRepository,
  "image reference": parseImageReference,
  mirror: parseMirror,
  compression: parseCompression,
  sources: parseSources,
  runner: parseRunner,
  "source URL": (url) => parseSourceCode({ url }),
  revision: (revision) => parseSourceCode({ revision }),
  definition: (text) => parseCustomVariant(text, "images.yaml"),
  lock: (text) => parseLock(text, PLATFORMS),
  report,
  original: parseOriginal,
  severity: parseFailOn,
  "list of accepted vulnerabilities": (text) => parseAllowList(text, "list.yaml"),
  "Release file": (text) => parseSuiteRelease(`Date: Sun, 29 Nov 2026 00:53:14 UTC\n${text}`, "InRelease"),
  "bill's platform": (platform) => billedPlatform('{"schemaVersion": 4, "platforms": []}', "dist/standard", platform),
}

const ofTexts: Record<string, (texts: readonly string[]) => unknown> = {
  platforms: parsePlatforms,
  variants: (given) => parseVariants(given),
  tags: parseTags,
  "tags with placeholders": parseTagTemplates,
}

/** What a terminal obeys or XML forbids. Line breaks and tabs are neither. */
const UNPRINTABLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Runs a parser: it gives a value, or refuses with an error that can be shown to a user as it is. */
function accepts<T>(parse: (given: T) => unknown, given: T): boolean {
  try {
    parse(given)
    return true
  } catch (error) {
    if (!(error instanceof RunnerImagesError)) throw error
    expect(error.message).not.toMatch(UNPRINTABLE)
    expect(error.problem).not.toBe("")
    expect(error.exitCode).toBeGreaterThan(0)
    return false
  }
}

describe("any text is taken, or refused by an error for users", () => {
  it.each(Object.entries(ofText))("%s", (_, parse) => {
    fc.assert(fc.property(anyText, (text) => void accepts(parse, text)))
  })

  it.each(Object.entries(ofTexts))("%s", (_, parse) => {
    fc.assert(fc.property(texts, (given) => void accepts(parse, given)))
  })
})

describe("any document is taken, or refused by an error for users", () => {
  it.each(["lock", "report", "original"] as const)("%s", (name) => {
    const parse = ofText[name]
    fc.assert(fc.property(anyJson, (value) => void accepts(parse ?? fail, JSON.stringify(value))))
  })

  it("list of accepted vulnerabilities", () => {
    const entry = fc.dictionary(fc.constantFrom("id", "package", "unchecked", "reason", "expires"), anyJson)
    const list = fc.array(fc.oneof(entry, anyJson))
    const parse = ofText["list of accepted vulnerabilities"] ?? fail
    fc.assert(fc.property(list, (value) => void accepts(parse, stringify(value))))
  })

  it("definition", () => {
    fc.assert(fc.property(anyJson, (value) => void accepts(ofText.definition ?? fail, stringify(value))))
  })

  it("definition, whose keys are right and whose values are anything", () => {
    const keys = [
      "name",
      "extends",
      "title",
      "description",
      "environment",
      "packages",
      "tools",
      "files",
      "checks",
      "accept",
    ]
    const document = fc.dictionary(fc.constantFrom(...keys, "budget", "apt", "labels"), anyJson)
    fc.assert(fc.property(document, (value) => void accepts(ofText.definition ?? fail, stringify(value))))
  })
})

function fail(): never {
  throw new Error("there is no such parser")
}

const word = fc.stringMatching(/^[a-z0-9]{1,8}$/)
const path = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join("/"))
const host = fc.oneof(
  fc.domain(),
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address}]`),
  fc.constant("localhost"),
)
const port = fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined })
const tag = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/)
const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`)
/** IPv6 addresses may end in an IPv4 address, for which the grammar of references has no place. */
const authority = fc
  .record({ host, port })
  .filter((given) => !/\[.*\..*\]/.test(given.host) && given.host.length < 150)
  .filter(
    (given) =>
      given.port !== undefined || given.host.includes(".") || given.host.includes(":") || given.host === "localhost",
  )

describe("what is well-formed is read as it is meant", () => {
  it("repository", () => {
    fc.assert(
      fc.property(authority, path, (given, repositoryPath) => {
        const name = `${given.host}${given.port === undefined ? "" : `:${String(given.port)}`}/${repositoryPath}`
        expect(parseRepository(` ${name} `)).toMatchObject({ name, host: given.host, path: repositoryPath })
        expect(parseRepository(name).port).toBe(given.port)
      }),
    )
  })

  it("image reference", () => {
    fc.assert(
      fc.property(authority, path, fc.option(tag, { nil: undefined }), digest, (given, repositoryPath, one, by) => {
        const repository = `${given.host}${given.port === undefined ? "" : `:${String(given.port)}`}/${repositoryPath}`
        const reference = `${repository}${one === undefined ? "" : `:${one}`}@${by}`
        const read = parseImageReference(reference)
        expect({ repository: read.repository.name, tag: read.tag, digest: read.digest }).toEqual({
          repository,
          tag: one,
          digest: by,
        })
      }),
    )
  })

  it("tags, in their order", () => {
    fc.assert(
      fc.property(fc.uniqueArray(tag, { minLength: 1, maxLength: 5 }), (tags) => {
        expect(parseTags(tags.map((one) => ` ${one}`))).toEqual(tags)
      }),
    )
  })

  it("tags with placeholders, before and after the build", () => {
    const value = fc.stringMatching(/^[a-zA-Z0-9_]{1,9}$/)
    const facts = fc.record({ version: value, runner: value, date: value, commit: value, variant: value })
    const names = Object.keys(PLACEHOLDERS) as (keyof typeof PLACEHOLDERS)[]
    const part = fc.oneof(value, fc.constantFrom(...names.map((name) => `{${name}}`)))
    const template = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("-"))
    fc.assert(
      fc.property(fc.uniqueArray(template, { minLength: 1, maxLength: 4 }), facts, (templates, known) => {
        expect(parseTagTemplates(templates)).toEqual(templates)
        const tags = expandTags(templates, known)
        const filled = templates.map((one) =>
          names.reduce((all, name) => all.replaceAll(`{${name}}`, known[name]), one),
        )
        expect(tags).toEqual([...new Set(filled)])
        // What is filled in is never read again, and is the same however often.
        expect(expandTags(tags, {})).toEqual(tags)
        const different = () => {
          assertTemplates(templates, known)
        }
        if (tags.length === templates.length) expect(different).not.toThrow()
        else expect(different).toThrow("twice")
      }),
    )
  })

  it("platforms, by each of their names, in any case", () => {
    const spelled = fc.constantFrom(...PLATFORMS).chain((platform) =>
      fc
        .constantFrom(platform as string, ...spelling(platform).aliases)
        .chain((name) => fc.mixedCase(fc.constant(name)))
        .map((name) => ({ platform, name })),
    )
    const some = fc.uniqueArray(spelled, { minLength: 1, selector: ({ platform }) => platform })
    fc.assert(
      fc.property(some, (given) => {
        expect(parsePlatforms(given.map(({ name }) => name))).toEqual(given.map(({ platform }) => platform))
      }),
    )
  })
})
