import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { formsOf } from "../canaries/forms.js"

/** A secret that is looked for in what a hostile job read. */
export interface Needle {
  /** `personal token` */
  readonly what: string
  readonly text: string
}

/** A secret that was found. */
export interface Find {
  readonly what: string
  /** Where the hostile job had it from, in its own words. */
  readonly where: string
}

/** Lines of a key's body, which nothing else has in it. */
export function keyNeedles(what: string, pem: string): Needle[] {
  const lines = pem.split("\n").filter((line) => line.length >= 40 && !line.startsWith("-"))
  return lines.slice(1, 4).length > 0
    ? lines.slice(1, 4).map((text) => ({ what, text }))
    : lines.map((text) => ({ what, text }))
}

/** The finds of needles in texts, one for each needle and text. */
export function findIn(where: string, data: Buffer, needles: readonly Needle[]): Find[] {
  return needles.flatMap(({ what, text }) => {
    for (const form of formsOf(text)) {
      const at = data.indexOf(form)
      if (at !== -1) return [{ what, where: `${where}${sourceBefore(data, at)}` }]
    }
    return []
  })
}

/** The program puts where it has something from in front of it. */
function sourceBefore(data: Buffer, at: number): string {
  const start = data.lastIndexOf("\n@@ ", at)
  if (start === -1) return ""
  const end = data.indexOf("\n", start + 4)
  return `: ${data.toString("latin1", start + 4, end)}`
}

/** The finds of needles, and of secrets whose digests are known, in all files of a folder. */
export function searchFolder(folder: string, needles: readonly Needle[], digests: readonly string[] = []): Find[] {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())
  return files.flatMap(({ name }) => {
    const data = readFileSync(join(folder, name))
    return [...findIn(name, data, needles), ...findDigested(name, data, digests)]
  })
}

/** A broker keeps no lease's secret, but what it can be known by. */
function findDigested(where: string, data: Buffer, digests: readonly string[]): Find[] {
  if (digests.length === 0) return []
  const candidates = new Set(data.toString("latin1").match(/[0-9a-f]{64}/g) ?? [])
  return [...candidates]
    .filter((candidate) => digests.includes(createHash("sha256").update(candidate).digest("hex")))
    .map(() => ({ what: "secret of a lease", where }))
}
