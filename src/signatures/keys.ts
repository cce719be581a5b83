import { readFileSync } from "node:fs"
import { join } from "node:path"
import { PROJECT_ROOT } from "../host/paths.js"

/**
 * The keys that are trusted, by the names of their files in `keys/`, with their fingerprints. A key's file is the vendor's public key without
 * others' signatures; how it was had, and how to renew it, is in docs/SOURCES.md.
 */
export const KEYS: Readonly<Record<string, string>> = {
  "debian-security-13": "5E04A1E3223A19A20706E20F9904613D4CCE68C6",
  "ubuntu-archive-2018": "F6ECB3762474EDA9D21B7022871920D1991BC93C",
}

/** A key that signatures are verified with. */
export interface TrustedKey {
  /** In ASCII armour. */
  armored: string
  /** Hexadecimal digits in upper case. */
  fingerprint: string
}

/** @param name in {@link KEYS} */
export function trustedKey(name: string): TrustedKey {
  const fingerprint = KEYS[name]
  if (fingerprint === undefined) throw new Error(`${name} is not a key that is trusted`)
  return { armored: readFileSync(join(PROJECT_ROOT, `src/signatures/keys/${name}.asc`), "utf8"), fingerprint }
}
