import { isAlias, isMap, isNode, isPair, isScalar, isSeq, visit, type Document, type LineCounter } from "yaml"
import type { z } from "zod"
import { closest } from "../../suggest.js"
import type { ValidationIssue } from "./rules.js"

/** What zod found, with one issue for every unknown key. */
export function issuesOf({ issues }: Pick<z.core.$ZodError, "issues">): ValidationIssue[] {
  return issues.flatMap((issue): ValidationIssue[] => {
    if (issue.code === "invalid_union") return unionIssues(issue)
    if (issue.code !== "unrecognized_keys") return [{ path: issue.path, problem: issue.message }]
    const known = issue.message.split(" ")
    return issue.keys.map((key) => {
      const meant = closest(key, known)
      const rest = meant ? `did you mean ${meant}?` : `choose from ${known.join(", ")}`
      return { path: [...issue.path, key], key: true, problem: `is not a known key; ${rest}` }
    })
  })
}

/** What is wrong inside of a value that has the form of one alternative; else, that it has the form of none. */
function unionIssues({ path, message, errors }: z.core.$ZodIssueInvalidUnion): ValidationIssue[] {
  const meant = errors.find((issues) => issues.every((issue) => issue.code !== "invalid_type" || issue.path.length > 0))
  if (!meant) return [{ path, problem: message }]
  return issuesOf({ issues: meant }).map((issue) => ({ ...issue, path: [...path, ...issue.path] }))
}

/** Keys that JavaScript takes for an object's prototype; the schema would silently drop them. */
export function reservedKeys(document: Document): ValidationIssue[] {
  const found: ValidationIssue[] = []
  visit(document, {
    Pair(_, { key }, ancestors) {
      if (!isScalar(key) || key.value !== "__proto__") return
      const above = ancestors.filter(isPair).map((pair) => (isScalar(pair.key) ? String(pair.key.value) : ""))
      found.push({ path: [...above, "__proto__"], key: true, problem: "is a reserved name; choose another" })
    },
  })
  return found
}

/** @example pathText(["tools", 0, "url"]) ⇒ "tools[0].url" */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${String(part)}]`
    return text === "" ? String(part) : `${text}.${String(part)}`
  }, "")
}

/** Validation issues in the order of the text, one per line: `FILE:LINE:COLUMN: PATH: PROBLEM`. */
export function issueLines(
  file: string,
  issues: readonly ValidationIssue[],
  document: Document,
  lines: LineCounter,
): string[] {
  return issues
    .map((issue) => ({ ...issue, offset: offsetOf(document, issue) }))
    .sort((a, b) => a.offset - b.offset)
    .map(({ path, problem, offset }) => issueLine(file, lines.linePos(offset), `${pathText(path)}: ${problem}`))
}

/** A file may contain anything; its text must not break the line. */
export function issueLine(file: string, { line, col }: { line: number; col: number }, text: string): string {
  return `${file}:${String(line)}:${String(col)}: ${text.replace(/^: /, "").replaceAll("\n", "\\n")}`
}

/** The position of an error in the text: of the value if it is a scalar, else of its key; for a missing key, of the mapping that lacks it. */
function offsetOf(document: Document, { path, key }: ValidationIssue): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const [depth, part] of path.entries()) {
    const container = isAlias(node) ? node.resolve(document) : node
    if (isSeq(container) && typeof part === "number") {
      node = container.items[part]
      offset = startOf(node) ?? offset
    } else if (isMap(container)) {
      const pair = container.items.find((item) => (isScalar(item.key) ? item.key.value : undefined) === part)
      if (!pair) return offset
      node = pair.value
      const keyWanted = key === true && depth === path.length - 1
      offset = (isScalar(node) && !keyWanted ? startOf(node) : undefined) ?? startOf(pair.key) ?? offset
    } else return offset
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}
