import type { Job } from "../fake-github/jobs.js"

/** The lines that a job's only step wrote, out of its log. */
export function stepOutput({ log }: Job): string[] {
  const lines = log.split("\n")
  const [from, to] = ["##[group]Run ", "##[group]Complete "].map((start) =>
    lines.findIndex((line) => line.startsWith(start)),
  )
  return lines.slice((from ?? 0) + 1, to)
}
