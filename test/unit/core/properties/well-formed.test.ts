import fc from "fast-check"
import { stringify } from "yaml"
import { describe, expect, it } from "vitest"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { parseLock, preferencesOf } from "../../../../dagger/src/core/packages/lock.js"
import { parseSnapshot } from "../../../../dagger/src/core/packages/snapshot.js"
import { readSourcesLabel, sourcesLabel } from "../../../../dagger/src/core/plan/sources-label.js"
import { PLATFORMS, parsePlatforms } from "../../../../dagger/src/core/platforms.js"
import { SOURCE_KINDS } from "../../../../dagger/src/core/report/report.js"
import { parseImageReference, parseRepository, parseTags } from "../../../../dagger/src/core/text/reference.js"
import { parseCustomVariant } from "../../../../dagger/src/core/variants/custom/custom-variant.js"
import { parseVariants, VARIANTS } from "../../../../dagger/src/core/variants/names.js"

/** A run can be repeated: a failure names its seed and its counterexample. Another seed looks at other inputs. */
fc.configureGlobal({ seed: Number(process.env.RUNNER_IMAGES_TEST_SEED ?? 20261201), numRuns: 500 })

function accepts(parse: () => unknown): boolean {
  try {
    parse()
    return true
  } catch (error) {
    if (error instanceof RunnerImagesError) return false
    throw error
  }
}

// The grammar of names in the OCI distribution specification, read character by character and not by an expression.
const isLower = (char: string) => (char >= "a" && char <= "z") || (char >= "0" && char <= "9")
const isAlphanumeric = (char: string) => isLower(char.toLowerCase())

/** What may stand between letters and digits: one dot, one or two underscores, any number of dashes. */
function isComponent(text: string): boolean {
  let separators = ""
  if (text === "" || !isLower(text.at(0) ?? "") || !isLower(text.at(-1) ?? "")) return false
  for (const char of text) {
    if (isLower(char)) separators = ""
    else {
      separators += char
      const isOne = separators === "." || separators === "_" || separators === "__"
      if (!isOne && separators !== "-".repeat(separators.length)) return false
    }
  }
  return true
}
const isPath = (text: string) => text.split("/").every(isComponent)
const isTag = (text: string) =>
  text.length >= 1 &&
  text.length <= 128 &&
  Array.from(text).every((char) => isAlphanumeric(char) || "._-".includes(char)) &&
  !".-".includes(text.at(0) ?? "")

/** Nearly well-formed: each separator is as likely as a letter. */
const nearly = (alphabet: string, maxLength: number) =>
  fc.array(fc.constantFrom(...Array.from(alphabet)), { maxLength }).map((chars) => chars.join(""))

describe("names follow the grammar of the distribution specification", () => {
  it("a repository's path", () => {
    fc.assert(
      fc.property(nearly("ab0._-/A", 10), (path) => {
        expect({ path, accepted: accepts(() => parseRepository(`registry.example/${path}`)) }).toEqual({
          path,
          accepted: isPath(path),
        })
      }),
      { numRuns: 5000 },
    )
  })

  it("a tag", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          nearly("aZ0._-:/@ ", 6),
          fc.string({ minLength: 126, maxLength: 130, unit: fc.constantFrom("a", ".") }),
        ),
        (tag) => {
          expect({ tag, accepted: accepts(() => parseTags([tag])) }).toEqual({ tag, accepted: isTag(tag.trim()) })
        },
      ),
      { numRuns: 3000 },
    )
  })

  it("a reference has the repository, tag and digest that are between its separators, or is refused", () => {
    const digest = `sha256:${"0".repeat(64)}`
    const suffix = fc.constantFrom("", `@${digest}`, "@sha256:0", `@${digest}@${digest}`, "@")
    fc.assert(
      fc.property(nearly("a0._-/", 6), fc.option(nearly("aZ0._-", 4), { nil: undefined }), suffix, (path, tag, end) => {
        const text = `registry.example/${path}${tag === undefined ? "" : `:${tag}`}${end}`
        const valid = isPath(path) && (tag === undefined ? end !== "" : isTag(tag)) && ["", `@${digest}`].includes(end)
        expect({ text, accepted: accepts(() => parseImageReference(text)) }).toEqual({ text, accepted: valid })
        if (!valid) return
        const { repository, tag: found, digest: by } = parseImageReference(text)
        expect(`${repository.name}${found === undefined ? "" : `:${found}`}${by === undefined ? "" : `@${by}`}`).toBe(
          text,
        )
      }),
      { numRuns: 3000 },
    )
  })
})

describe("lists are taken in their order, each entry once", () => {
  it("variants", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...VARIANTS), { minLength: 1, maxLength: 4 }), (given) => {
        const unique = new Set(given).size === given.length
        expect(accepts(() => parseVariants(given))).toBe(unique)
        if (unique) expect(parseVariants(given.map((name) => ` ${name.toUpperCase()} `))).toEqual(given)
      }),
    )
  })

  it("platforms", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PLATFORMS), { minLength: 1, maxLength: 4 }), (given) => {
        const unique = new Set(given).size === given.length
        expect(accepts(() => parsePlatforms(given))).toBe(unique)
        if (unique) expect(parsePlatforms(given)).toEqual(given)
      }),
    )
  })
})

describe("the label of sources", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/)
  const tools = fc.dictionary(name, fc.record({ from: fc.constantFrom(...SOURCE_KINDS), reason: fc.string() }))

  it("says where each tool comes from, without a reason, whatever the order", () => {
    fc.assert(
      fc.property(tools, (given) => {
        const label = sourcesLabel({ tools: given })
        expect(readSourcesLabel(label)).toEqual(
          Object.fromEntries(Object.entries(given).map(([tool, { from }]) => [tool, from])),
        )
        expect(sourcesLabel({ tools: Object.fromEntries(Object.entries(given).reverse()) })).toBe(label)
      }),
    )
  })

  it("can be anything in an image of others", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void readSourcesLabel(text)))
  })
})

const PLATFORM = "linux/amd64"
const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/)
const packageName = fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{0,11}[a-z0-9+.]$/)
const version = fc.stringMatching(/^(?:[1-9]:)?[0-9][A-Za-z0-9.+~]{0,8}(?:-[0-9][a-z0-9.+~]{0,4})?$/)
const locked = fc.record({ name: packageName, version, sha256 })
const packages = fc.uniqueArray(locked, { selector: ({ name }) => name, maxLength: 6 })
const entry = (platform: string) => fc.record({ platform: fc.constant(platform), packages })
const lockFile = fc.record({ variant: fc.constantFrom(...VARIANTS), platforms: fc.tuple(...PLATFORMS.map(entry)) })

describe("a lock", () => {
  it("is read as it is written, whatever the order of its platforms", () => {
    fc.assert(
      fc.property(lockFile, (file) => {
        const lock = parseLock(JSON.stringify(file), PLATFORMS)
        expect(lock).toEqual({
          variant: file.variant,
          platforms: Object.fromEntries(file.platforms.map((one) => [one.platform, one.packages])),
        })
        const reversed = { ...file, platforms: [...file.platforms].reverse() }
        expect(parseLock(JSON.stringify(reversed), [...PLATFORMS].reverse())).toEqual(lock)
      }),
    )
  })

  it("pins what it has and nothing else", () => {
    fc.assert(
      fc.property(packages, (given) => {
        const stanzas = preferencesOf(given).trim().split(/\n\n+/)
        expect(stanzas.slice(2)).toEqual(
          given.map(({ name, version }) => `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001`),
        )
        expect(stanzas).toHaveLength(given.length + 2)
      }),
    )
  })

  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom("a", "1", "\n", " ", "*", "/", "$", ";", "-", ":", ".") }),
  )
  it("is refused with a code, or pins as many packages as it has: nobody writes apt's preferences in a name or a version", () => {
    const anyLocked = fc.record({ name: fc.oneof(packageName, texts), version: fc.oneof(version, texts), sha256 })
    fc.assert(
      fc.property(fc.array(anyLocked, { maxLength: 3 }), (given) => {
        const text = JSON.stringify({ platforms: [{ platform: PLATFORM, packages: given }] })
        if (!accepts(() => parseLock(text, [PLATFORM]))) return
        const lines = preferencesOf(given).split("\n")
        expect(lines.filter((line) => line.startsWith("Package: "))).toHaveLength(given.length + 2)
        expect(lines.filter((line) => line !== "")).toHaveLength(3 * (given.length + 2))
      }),
      { numRuns: 2000 },
    )
  })

  it("with any date gives a snapshot, or is refused with a code", () => {
    const date = fc.oneof(
      fc.string(),
      fc.date({ noInvalidDate: true }).map((given) => given.toISOString()),
    )
    fc.assert(
      fc.property(fc.array(date, { minLength: 1, maxLength: 3 }), sha256, (dates, digest) => {
        const releases = dates.map((one) => ({ name: "InRelease", sha256: digest, date: one }))
        accepts(() => {
          const lock = parseLock(JSON.stringify({ releases, platforms: [{ platform: PLATFORM, packages: [] }] }), [
            PLATFORM,
          ])
          for (const time of parseSnapshot("distribution", "debian:trixie-slim", lock).times)
            expect(time).toMatch(/^\d{8}T\d{6}Z$/)
        })
      }),
    )
  })
})

describe("a definition", () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9]{1,8}$/)
  const definition = fc.record(
    {
      name: word.map((text) => `my-${text}`),
      extends: fc.constantFrom(...VARIANTS),
      title: fc.stringMatching(/^[A-Za-z][A-Za-z0-9 ,:#'"{}&*!|>%@-]{0,20}[a-z]$/),
      description: fc.stringMatching(/^[A-Za-z][A-Za-z0-9 ,:#'"{}&*!|>%@-]{0,20}[a-z]$/),
      packages: fc.uniqueArray(packageName, { minLength: 1, maxLength: 4 }),
      checks: fc.uniqueArray(
        fc.record({
          name: word,
          proves: word.map((text) => `${text} runs`),
          command: fc.stringMatching(/^[a-z][a-z0-9 :#'"{}&*!|>%@$\\-]{0,12}[a-z]$/),
          expect: fc.record({ equals: fc.stringMatching(/^[a-zA-Z0-9:#'"{}&*!|>%@.-]{1,9}$/) }),
        }),
        { selector: ({ name }) => name, minLength: 1, maxLength: 2 },
      ),
      environment: fc.dictionary(
        fc.stringMatching(/^MY_[A-Z]{1,8}$/),
        fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 :#'"{}&*!|>%@.-]{0,12}$/),
        { minKeys: 1, maxKeys: 3 },
      ),
    },
    { requiredKeys: ["name", "extends", "packages", "checks"] },
  )

  it("means the same in YAML, in JSON and in any order of its keys", () => {
    let taken = 0
    fc.assert(
      fc.property(definition, (given) => {
        const read = (text: string) => {
          try {
            return parseCustomVariant(text, "images.yaml")
          } catch (error) {
            if (error instanceof RunnerImagesError) return error.problem.replaceAll(/:\d+:\d+/g, "")
            throw error
          }
        }
        const asYaml = read(stringify(given))
        if (typeof asYaml !== "string") taken += 1
        expect(read(JSON.stringify(given))).toEqual(asYaml)
        const reordered = read(stringify(Object.fromEntries(Object.entries(given).reverse())))
        if (typeof asYaml === "string") expect(typeof reordered).toBe("string")
        else expect(reordered).toEqual(asYaml)
      }),
    )
    expect(taken).toBeGreaterThan(100)
  })
})
