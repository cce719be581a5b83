/** Of base64, at each of the three places in which a text may begin, without the characters that depend on what is around it. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64")
    const skipped = before === 0 ? 0 : before + 1
    return encoded.replace(/=+$/, "").slice(skipped, -2)
  })
}

const urlAlphabet = (base64: string): string => base64.replaceAll("+", "-").replaceAll("/", "_")

/** `%63%61`: what a strict encoder makes of every byte. */
const percent = (hex: string): string => hex.replaceAll(/../g, "%$&")

/**
 * All the ways in which a memory, a file or a request may have some bytes, by their names. What is wrapped into lines or encoded twice is for those
 * who search to undo.
 */
export function namedForms(bytes: Buffer): Map<string, Buffer> {
  const hex = bytes.toString("hex")
  const text = bytes.toString("utf8")
  const escapes = Array.from(text)
    .map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("")
  const [first = "", second = "", third = ""] = base64Forms(bytes)
  const forms: [string, string | Buffer][] = [
    ["plain", bytes],
    ["UTF-16, little end first", Buffer.from(text, "utf16le")],
    ["UTF-16, big end first", Buffer.from(text, "utf16le").swap16()],
    ["base64", first],
    ["base64, one byte later", second],
    ["base64, two bytes later", third],
    ["base64 for URLs", urlAlphabet(first)],
    ["base64 for URLs, one byte later", urlAlphabet(second)],
    ["base64 for URLs, two bytes later", urlAlphabet(third)],
    ["hexadecimal", hex],
    ["hexadecimal in capitals", hex.toUpperCase()],
    ["encoded for a URL", encodeURIComponent(text)],
    ["encoded for a URL, every byte", percent(hex)],
    ["encoded for a URL, every byte in capitals", percent(hex.toUpperCase())],
    ["escaped in JSON", JSON.stringify(text).slice(1, -1)],
    ["escaped in JSON, every character", escapes],
  ]
  const seen = new Set<string>()
  return new Map(
    forms.flatMap(([name, form]): [string, Buffer][] => {
      const found = Buffer.from(form)
      const key = found.toString("hex")
      if (seen.has(key)) return []
      seen.add(key)
      return [[name, found]]
    }),
  )
}

export function formsOf(text: string): Buffer[] {
  return [...namedForms(Buffer.from(text)).values()]
}
