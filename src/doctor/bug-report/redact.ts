/** What stands in place of a secret. */
const HIDDEN = "***"

/**
 * Texts that are secrets by their form, whoever wrote them. Own patterns: scanners for repositories find a secret in order to fail, and bring
 * hundreds of packages; what has to be found here are a few forms, and everything that is known of this host is found by its value.
 */
const FORMS: readonly (readonly [RegExp, string])[] = [
  // With the beginning or the end cut off as well.
  [/(?:-----BEGIN [^-\n]*PRIVATE KEY-----\s*)?(?:[A-Za-z0-9+/=]+\s+)*-----END [^-\n]*PRIVATE KEY-----/g, HIDDEN],
  [/-----BEGIN [^-\n]*PRIVATE KEY-----[A-Za-z0-9+/=\s]*/g, HIDDEN],
  // User and password of a URL, up to the last @ before its path.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]+@/gi, `$1${HIDDEN}@`],
  // The query of a URL is where signatures and tokens are.
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s?#"'<>]+\?)[^\s#"'<>]+/gi, `$1${HIDDEN}`],
  [/\b(authorization["']?\s*[:=]\s*["']?)(?:(?:basic|bearer|token|negotiate)\s+)?[^\s"',;]+/gi, `$1${HIDDEN}`],
  [/\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}/gi, `$1${HIDDEN}`],
  [
    /((?:^|[\s"'{,;?&-])[\w.-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|_auth)["']?\s*[:=]\s*)(?:"[^"\n]*"|'[^'\n]*'|[^\s"',;}]+)/gim,
    `$1${HIDDEN}`,
  ],
  [/(--(?:password|token|secret|api-key)\s+)\S+/gi, `$1${HIDDEN}`],
  // GitHub, GitLab, npm, Docker Hub, AWS, Slack, Google, and what is signed as JSON.
  [/\b(?:gh[a-z]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|npm_\w{16,}|dckr_[a-z]+_[\w-]{16,})/g, HIDDEN],
  [/\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|xox[a-z]-[\w-]{10,}|AIza[\w-]{30,}|ya29\.[\w-]+)/g, HIDDEN],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, HIDDEN],
]

/**
 * A text without secrets: without the known ones, in the spellings in which programs print them, and without what looks like one.
 *
 * @param known as they are; a shorter one may be part of a longer
 */
export function redacted(text: string, known: readonly string[]): string {
  const values = [...new Set(known.flatMap(spellings))].sort((a, b) => b.length - a.length)
  const withoutKnown = values.reduce((left, value) => left.replaceAll(value, HIDDEN), text)
  return FORMS.reduce((left, [form, instead]) => left.replace(form, instead), withoutKnown)
}

/** The whole and each line: as it is, as JSON and shells quote it, in a URL, and in base64 with and without its padding. */
function spellings(secret: string): string[] {
  const lines = secret.split(/\r?\n/)
  return [secret, secret.trim(), ...lines.map((line) => line.trim())].flatMap((text) => {
    if (text.length < SHORTEST) return []
    const bytes = Buffer.from(text)
    const base64 = bytes.toString("base64")
    return [
      text,
      JSON.stringify(text).slice(1, -1),
      text.replaceAll("'", `'\\''`),
      encodeURIComponent(text),
      base64.replace(/=+$/, ""),
      bytes.toString("base64url"),
    ]
  })
}

/** Anything shorter is part of ordinary words. */
const SHORTEST = 4
