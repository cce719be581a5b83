/** Facts about an image that registries and scanners show, for OCI's predefined annotation keys. */
export interface AnnotationFacts {
  title: string
  description: string
  version: string
  /** ISO 8601. */
  created?: string
  /** SPDX expression. */
  licenses: string
  /** The commit that it was built from. */
  revision?: string
  /** Where its source code is. */
  source?: string
  url?: string
  documentation?: string
  vendor?: string
  base?: { name: string; digest?: string }
}

const KEY = "org.opencontainers.image"

/**
 * The annotations for the known facts; labels use the same keys.
 *
 * @example standardAnnotations({ title: "runner", … }) ⇒ { "org.opencontainers.image.title": "runner", … }
 */
export function standardAnnotations({ base, ...facts }: AnnotationFacts): Record<string, string> {
  const all = { ...facts, "base.name": base?.name, "base.digest": base?.digest }
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[`${KEY}.${name}`, value]])),
  )
}
