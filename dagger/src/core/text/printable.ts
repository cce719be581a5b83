/**
 * Text from a program, with unprintable characters escaped: control characters, which XML 1.0 forbids and terminals obey,
 * and unpaired surrogates. Line breaks and tabs stay.
 *
 * @example printable("\u001b[1mbold") ⇒ "\\u001b[1mbold"
 */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )
}
