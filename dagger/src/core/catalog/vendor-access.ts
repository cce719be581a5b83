/** How vendors are asked what they have. Every method rejects with an Error whose message says what went wrong. */
export interface VendorAccess {
  /** The text at a vendor's URL. */
  text(url: string): Promise<string>
  /** The SHA-256 of the file at a vendor's URL, which is downloaded and not kept. */
  sha256(url: string): Promise<string>
  /** What a package manager prints: with it, its configured registry is asked. */
  client(program: "npm" | "go", words: readonly string[]): Promise<string>
}
