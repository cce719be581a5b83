import type { StatementSigner } from "./evidence.js"

/**
 * Signs nothing that is signed already. Signatures differ each time, so the same statement of the same image would be attached once more with each
 * publication.
 *
 * @param bundles what is attached to the image already, as text; of whoever could write to the registry
 * @returns a signer that answers with an earlier bundle if that is as good as the one that `sign` would make
 */
export function signingOnce(sign: StatementSigner, bundles: readonly string[]): StatementSigner {
  const { recognise } = sign
  if (!recognise) return sign
  const earlier = new Map<string, string>()
  for (const bundle of bundles) {
    const statement = recognise(bundle)
    // The first one stays the first: the same one is found each time.
    if (statement !== undefined && !earlier.has(statement)) earlier.set(statement, bundle)
  }
  return Object.assign(async (statement: string) => earlier.get(statement) ?? sign(statement), { recognise })
}
