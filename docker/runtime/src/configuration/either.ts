/** @example either(["off", "work", "all"]) ⇒ "off, work or all" */
export function either(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`
}
