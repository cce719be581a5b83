/**
 * An identifier for the documents about an image: a UUID of the kind whose contents everybody may choose (RFC 9562, version 8), made of the
 * digest. The same image has the same one, on any machine and day.
 *
 * @example documentId("sha256:0123456789abcdef0123456789abcdef…") ⇒ "01234567-89ab-8def-8123-456789abcdef"
 */
export function documentId(digest: string): string {
  const [, hex = ""] = /^sha256:([0-9a-f]{32})/.exec(digest) ?? []
  const variant = ((parseInt(hex.slice(16, 17), 16) & 0b0011) | 0b1000).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join("-")
}
