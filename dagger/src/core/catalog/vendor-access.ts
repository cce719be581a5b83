import type { Verifiers } from "./verification.js"

/** Access to the vendors' servers. Every method rejects with an Error whose message says what went wrong. */
export interface VendorAccess {
  /** The text at a vendor's URL. */
  text(url: string): Promise<string>
  /** The text at a vendor's URL; undefined if the vendor says that there is none. */
  textIfAny(url: string): Promise<string | undefined>
  /** The SHA-256 of the file at a vendor's URL, which is downloaded but not kept. */
  sha256(url: string): Promise<string>
  /** The output of a package manager, which uses its configured registry. */
  client(program: "npm" | "go", words: readonly string[]): Promise<string>
}

/** For whoever pins what vendors publish. */
export interface PinningAccess extends VendorAccess {
  verifiers: Verifiers
}
