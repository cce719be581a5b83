import { LineCounter, parseDocument } from "yaml"
import type { Unpack } from "../../catalog/catalog.js"
import {
  definitionOf,
  type CustomCheck,
  type CustomTool,
  type CustomVariant,
  type VariantDefinition,
} from "../definitions.js"
import { RunnerImagesError } from "../../errors.js"
import { PLATFORMS } from "../../platforms.js"
import { isDeepYaml, TOO_DEEP } from "../../text/nesting.js"
import { issueLine, issueLines, issuesOf, reservedKeys } from "./validation-issues.js"
import { contradictions } from "./rules.js"
import { definitionSchema, type WrittenDefinition } from "./schema.js"

/** The most characters that a definition file may have. It is written by hand. */
export const LONGEST_DEFINITION = 100_000

/** The most YAML syntax errors that are reported. */
const MOST_SYNTAX_ISSUES = 5

/** How often YAML's aliases may repeat values. A few nested ones could otherwise expand to more than fits into memory. */
const MOST_ALIASES = 50

/**
 * Reads a definition file: a variant that extends one of this project's.
 *
 * @param file its name, for messages
 * @throws RunnerImagesError DEFINITION_INVALID naming every error with its line and column. Contradictions between its parts are
 *   only looked for once each part is valid.
 */
export function parseCustomVariant(text: string, file: string): CustomVariant {
  if (text.length > LONGEST_DEFINITION)
    throw invalid(file, [
      `${file}: has more than ${String(LONGEST_DEFINITION)} characters; put long texts into the archive of a tool`,
    ])
  if (isDeepYaml(text)) throw invalid(file, [`${file}: ${TOO_DEEP}`])
  const lines = new LineCounter()
  const { document, value } = read(text, file, lines)
  const reserved = reservedKeys(document)
  if (reserved.length > 0) throw invalid(file, issueLines(file, reserved, document, lines))
  const form = definitionSchema.safeParse(value)
  const issues = form.success ? contradictions(form.data) : issuesOf(form.error)
  if (!form.success || issues.length > 0) throw invalid(file, issueLines(file, issues, document, lines))
  return customVariant(form.data)
}

function read(text: string, file: string, lines: LineCounter) {
  try {
    const document = parseDocument(text, { schema: "failsafe", lineCounter: lines, prettyErrors: false })
    const broken = document.errors.map(({ message, pos }) => issueLine(file, lines.linePos(pos[0]), message))
    // One error often causes others.
    if (broken.length > 0) throw invalid(file, [...new Set(broken)].slice(0, MOST_SYNTAX_ISSUES))
    return { document, value: document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown }
  } catch (cause) {
    if (cause instanceof RunnerImagesError) throw cause
    // The library gives up on endless aliases.
    throw invalid(file, [`${file}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`], cause)
  }
}

function invalid(file: string, lines: readonly string[], cause?: unknown): RunnerImagesError {
  const count = lines.length === 1 ? "an error" : `${String(lines.length)} errors`
  return new RunnerImagesError(
    "DEFINITION_INVALID",
    `The definition ${file} has ${count}:\n  ${lines.join("\n  ")}`,
    "docs/VARIANTS.md describes what a definition may contain.",
    { cause },
  )
}

function customVariant(given: WrittenDefinition): CustomVariant {
  const { name, extends: parent, environment = {}, packages } = given
  return {
    name,
    definition: {
      title: given.title ?? `${definitionOf(parent, undefined).title}, ${name}`,
      description: given.description ?? `The ${parent} image with what ${name} adds`,
      extends: parent,
      packages: packages ?? [],
      tools: [],
      customTools: given.tools?.map(customTool) ?? [],
      ...environmentsOf(environment),
      ...(given.budget === undefined ? {} : { budgetBytes: bytesOf(given.budget) }),
      files: given.files?.map(({ path, text, mode = "644" }) => ({ path, mode: mode.padStart(4, "0"), text })) ?? [],
      checks: [],
      customChecks: given.checks.map((check) => customCheck(name, check)),
      ...(given.accept && { accept: given.accept }),
    },
  }
}

/** The variables with one value, and those with one for each platform. */
function environmentsOf(
  environment: NonNullable<WrittenDefinition["environment"]>,
): Pick<VariantDefinition, "environment" | "platformEnvironment"> {
  const entries = Object.entries(environment)
  const common = entries.filter(([, value]) => typeof value === "string") as [string, string][]
  const perPlatform = entries.flatMap(([name, value]) => (typeof value === "string" ? [] : [{ name, value }]))
  return {
    environment: Object.fromEntries(common),
    ...(perPlatform.length > 0 && {
      platformEnvironment: Object.fromEntries(
        PLATFORMS.map((platform) => [
          platform,
          Object.fromEntries(perPlatform.map(({ name, value }) => [name, value[platform]])),
        ]),
      ),
    }),
  }
}

function customTool({
  name,
  version,
  files,
  links = {},
  ...given
}: NonNullable<WrittenDefinition["tools"]>[number]): CustomTool {
  return { name, version, files, unpack: unpackOf(given), links }
}

function unpackOf({
  unpack,
  into,
  strip = "0",
  only,
}: Pick<NonNullable<WrittenDefinition["tools"]>[number], "unpack" | "into" | "strip" | "only">): Unpack {
  if (unpack === "program") return { kind: unpack, path: into }
  return { kind: unpack, into, strip: Number(strip), ...(only ? { only } : {}) }
}

function customCheck(variant: string, { name, expect, ...check }: WrittenDefinition["checks"][number]): CustomCheck {
  const { skipEmulated, ...rest } = check
  return {
    ...rest,
    name: `${variant}/${name}`,
    expect: expectationOf(expect),
    ...(skipEmulated === undefined ? {} : { skipEmulated }),
  }
}

function expectationOf({
  equals,
  contains,
  matches,
}: WrittenDefinition["checks"][number]["expect"]): CustomCheck["expect"] {
  if (equals !== undefined) return { kind: "equals", value: equals.trim() }
  if (contains !== undefined) return { kind: "contains", value: contains }
  return matches === undefined ? { kind: "fails" } : { kind: "matches", pattern: matches }
}

/** @example bytesOf("1.2 GB") ⇒ 1_200_000_000 */
function bytesOf(size: string): number {
  const [number = "", unit] = size.split(" ")
  return Math.round(Number(number) * (unit === "GB" ? 1e9 : 1e6))
}
