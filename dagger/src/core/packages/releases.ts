import type { Report } from "../report/report.js"

export type ReleaseFile = Report["releases"][number]

/** Separates the files in the text that {@link parseReleases} reads. */
export const RELEASE_SEPARATOR = "===="

/**
 * Parses the archive's Release files, each preceded by a line `==== NAME SHA256`.
 * Only the Date field of each is needed.
 */
export function parseReleases(text: string): ReleaseFile[] {
  return text
    .split(`${RELEASE_SEPARATOR} `)
    .slice(1)
    .map((part) => {
      const [head = "", ...body] = part.split("\n")
      const [name = "", sha256 = ""] = head.split(" ")
      const date = body.find((line) => line.startsWith("Date: "))?.slice("Date: ".length) ?? ""
      return { name, sha256, date: new Date(date).toISOString() }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The newest Release file's date, to the second: an image's creation time. */
export function newestDate(releases: readonly ReleaseFile[]): string {
  const newest = Math.max(...releases.map((release) => Date.parse(release.date)))
  return new Date(newest).toISOString().replace(/\.\d+Z$/, "Z")
}
