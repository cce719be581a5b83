/** Reads lines `configure NAME`: the packages in the order in which dpkg first configured them. */
export function parseOrder(output: string): string[] {
  const prefix = "configure "
  return [
    ...new Set(output.split("\n").flatMap((line) => (line.startsWith(prefix) ? [line.slice(prefix.length)] : []))),
  ]
}

/**
 * The order for a platform, following that of its native tools root: packages that are not here are left out, those that are only here
 * come last.
 *
 * @example inOrderOf(["b", "x", "a"], ["a", "b", "c"]) ⇒ ["b", "a", "c"]
 */
export function inOrderOf(nativeOrder: readonly string[], names: readonly string[]): string[] {
  const here = new Set(names)
  const known = new Set(nativeOrder)
  return [...nativeOrder.filter((name) => here.has(name)), ...names.filter((name) => !known.has(name))]
}

/** Why an attempt failed, in one line. */
export function failureReason(stderr: string): string {
  const lines = stderr.trim().split("\n")
  const stated = lines.findLast((line) => line.startsWith("acceleration: "))
  return (stated?.slice("acceleration: ".length) ?? lines.at(-1) ?? "").trim() || "it failed without giving a reason"
}
