import { readFileSync } from "node:fs"
import type { Verifiers } from "../../dagger/src/core/catalog/verification.js"
import { SIGSTORE_ROOT, trustedKeys, type TrustedKey } from "./keys.js"
import { NPM_KEYS, npmSigner } from "./npm.js"
import { verifiedText } from "./openpgp.js"
import { attestedBy } from "./sigstore.js"

/** Whose signatures count. */
export interface Trust {
  /** @param set its name */
  openPgp: (set: string) => readonly TrustedKey[]
  /** See {@link NPM_KEYS}. */
  npm: Readonly<Record<string, string>>
  /** JSON: the authorities and logs of Sigstore. */
  sigstore: () => string
}

/** The keys of this repository. */
export const TRUST: Trust = {
  openPgp: trustedKeys,
  npm: NPM_KEYS,
  sigstore: () => readFileSync(SIGSTORE_ROOT, "utf8"),
}

export function verifiersOf({ openPgp, npm, sigstore }: Trust): Verifiers {
  return {
    // A release stays signed when its signer's key has expired.
    openPgp: (signed, set, from) => verifiedText(signed, openPgp(set), from),
    npm: (signed) => npmSigner(signed, npm),
    sigstore: (bundle, about, from) => attestedBy(bundle, about, from, sigstore()),
  }
}
