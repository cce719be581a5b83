/** Reads lines `configure NAME`: the packages in the order in which dpkg configured them, each where it was so first. */
export function parseOrder(output: string): string[] {
  const prefix = "configure "
  return [
    ...new Set(output.split("\n").flatMap((line) => (line.startsWith(prefix) ? [line.slice(prefix.length)] : []))),
  ]
}

/**
 * The order for a platform whose native tools root has one: that, without what is not here, then what only is here.
 *
 * @example inOrderOf(["b", "x", "a"], ["a", "b", "c"]) ⇒ ["b", "a", "c"]
 */
export function inOrderOf(nativeOrder: readonly string[], names: readonly string[]): string[] {
  const here = new Set(names)
  const known = new Set(nativeOrder)
  return [...nativeOrder.filter((name) => here.has(name)), ...names.filter((name) => !known.has(name))]
}

/** What a failed attempt said of why, in one line. */
export function failureReason(stderr: string): string {
  const lines = stderr.trim().split("\n")
  const stated = lines.findLast((line) => line.startsWith("acceleration: "))
  return (stated?.slice("acceleration: ".length) ?? lines.at(-1) ?? "").trim() || "it ended without saying why"
}
