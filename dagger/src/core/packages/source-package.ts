/** A source package, from which distributions build packages. */
export interface SourcePackage {
  name: string
  version: string
}

/**
 * The source package of a package.
 *
 * @param field of the package: `NAME (VERSION)`, as far as they differ from the package's own
 * @example sourceOf({ name: "jq", version: "1.7.1-6+b1" }, "jq (1.7.1-6)") ⇒ { name: "jq", version: "1.7.1-6" }
 */
export function sourceOf({ name, version }: SourcePackage, field: string | undefined): SourcePackage {
  const [, source = name, sourceVersion = version] = /^(\S+)(?: \((.+)\))?$/.exec(field ?? "") ?? []
  return { name: source, version: sourceVersion }
}
