import { readFileSync } from "node:fs"
import { join } from "node:path"
import { PROJECT_ROOT } from "../host/paths.js"

const FOLDER = join(PROJECT_ROOT, "src/signatures/keys")

/**
 * The OpenPGP keys that are trusted, in sets: the name of a folder in `keys/`, and the fingerprints that its files are named after. A file is
 * the owner's public key without others' signatures; where it was had from, and how to renew it, is in docs/SOURCES.md.
 */
export const KEYS: Readonly<Record<string, readonly string[]>> = {
  "debian-security-13": ["5E04A1E3223A19A20706E20F9904613D4CCE68C6"],
  "ubuntu-archive-2018": ["F6ECB3762474EDA9D21B7022871920D1991BC93C"],
  // https://github.com/nodejs/release-keys: those who release Node.js.
  node: [
    "108F52B48DB57BB0CC439B2997B01419BD92F80A",
    "5BE8A3F6C8A5C01D106C0AD820B1A390B168D356",
    "655F3B5C1FB3FA8D1A0CA6BDE4A7D232B936D2FD",
    "890C08DB8579162FEE0DF9DB8BEAB4DFCF555EF4",
    "8FCCA13FEF1D0C2E91008E09770F7A9A5AE15600",
    "A363A499291CBBC940DD62E41F10027AF002F8B0",
    "C82FA3AE1CBEDC6BE46B9360C43CEC45C17AB93C",
    "CC68F5A3106FF448322E48ED27F5E38D5B0A215F",
    "DD792F5973C6DE52C432CBDAC77ABFA00DDBF2B7",
  ],
}

/** The public keys and logs of Sigstore's public service, as its TUF repository has them. */
export const SIGSTORE_ROOT = join(FOLDER, "sigstore-trusted-root.json")

/** A key that signatures are verified with. */
export interface TrustedKey {
  /** In ASCII armour. */
  armored: string
  /** Hexadecimal digits in upper case. */
  fingerprint: string
}

/** @param set in {@link KEYS} */
export function trustedKeys(set: string): TrustedKey[] {
  const fingerprints = KEYS[set]
  if (!fingerprints) throw new Error(`${set} is not a set of keys that is trusted`)
  return fingerprints.map((fingerprint) => {
    return { armored: readFileSync(join(FOLDER, set, `${fingerprint}.asc`), "utf8"), fingerprint }
  })
}
