import { Parser } from "yaml"

/**
 * How deep lists and objects may be nested in what others wrote. Nothing of ours comes near it, and what works through a document recursively
 * ends with the stack: Node.js sometimes ends with it.
 */
export const DEEPEST = 200

/** The remark for {@link DEEPEST}. */
export const TOO_DEEP = `it is nested deeper than ${String(DEEPEST)} levels`

/** Whether a text of JSON is nested too deeply. Of texts that are none, the answer has no meaning. */
export function isDeepJson(text: string): boolean {
  let depth = 0
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\[^])*"|[[\]{}]/g)) {
    if (token === "[" || token === "{") depth += 1
    else if (token === "]" || token === "}") depth -= 1
    if (depth > DEEPEST) return true
  }
  return false
}

/** Whether a text of YAML is nested too deeply. By the library's own tokens, which it makes without recursion. */
export function isDeepYaml(text: string): boolean {
  const left: { token: unknown; depth: number }[] = [...new Parser().parse(text)].map((token) => ({ token, depth: 0 }))
  for (let next = left.pop(); next; next = left.pop()) {
    const { token, depth } = next
    if (depth > DEEPEST) return true
    if (typeof token !== "object" || token === null) continue
    const { items = [], key, value } = token as { items?: unknown[]; key?: unknown; value?: unknown }
    for (const item of items) left.push({ token: item, depth: depth + 1 })
    // A pair is no level of its own, and the document of a value is none either.
    left.push({ token: key, depth }, { token: value, depth })
  }
  return false
}
