import { printable } from "../files/printable.js"
import { JOB_STATUSES, type JobStatus } from "./job-status.js"

/** One line of the job log: a job that is running, or how it ended. */
export interface JobRecord {
  /** When it started if it is running, else when it ended. */
  at: Date
  name: string
  status: JobStatus | "running"
  /** Whole seconds; absent while it runs, and where its start was not seen. */
  seconds?: number
}

const isStatus = (text: string): text is JobRecord["status"] =>
  text === "running" || JOB_STATUSES.some((status) => status === text)

/**
 * A line in GrammaTonic/github-runner's format: `timestamp,job_id,status,duration_seconds,queue_time_seconds`.
 * The runner tells the name of a job and no run number, so the name is the id. What is not known is empty, which
 * their reader skips: the queue time always.
 *
 * @example formatRecord({ at, name: "build", status: "success", seconds: 42 }) ⇒ "2026-01-02T03:04:05Z,build,success,42,"
 */
export function formatRecord({ at, name, status, seconds }: JobRecord): string {
  const timestamp = at.toISOString().replace(/\.\d+Z$/, "Z")
  return [timestamp, fieldName(name), status, seconds ?? "", ""].join(",")
}

/** Characters of a name that are kept. Workflows have longer ones hardly ever, and the log stays small. */
const LONGEST_NAME = 256

/** As `date -Is` and Date.toISOString write it. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/

/** A year and more, and a number that can be added up. */
const SECONDS = /^\d{1,8}$/

/** The log has no quoting, and a job may be called `test (20, linux)`. A terminal may show it, too. */
export function fieldName(name: string): string {
  return printable(name, LONGEST_NAME, "_").replaceAll(",", "_")
}

/** Reads a line back, another program's lines too; undefined for what is no record. */
export function parseRecord(line: string): JobRecord | undefined {
  const [timestamp = "", name = "", status = "", seconds = "", ...rest] = line.split(",")
  const at = new Date(TIMESTAMP.test(timestamp) ? timestamp : Number.NaN)
  if (Number.isNaN(at.getTime()) || name === "" || !isStatus(status) || rest.length > 1) return undefined
  return { at, name: fieldName(name), status, ...(SECONDS.test(seconds) && { seconds: Number(seconds) }) }
}
