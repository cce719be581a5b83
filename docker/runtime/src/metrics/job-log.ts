import { readUntrusted, replaceFile } from "../files/untrusted-file.js"
import { fieldName, formatRecord, parseRecord, type JobRecord } from "./job-record.js"

/** Lines kept, the newest: a few hundred kilobytes, and years of most runners. */
const LIMIT = 10_000

/** Of a longer file, the end is read: it has the newest lines, and more of them than are kept. */
const BYTES = 4 * 1024 * 1024

/**
 * The job log at JOBS_LOG, kept as GrammaTonic/github-runner keeps it: a job has one line, `running` first and its
 * result in the end. Its records outlive a restart of the container, and so do the counts made from them.
 */
export class JobLog {
  private records: JobRecord[] = []

  constructor(readonly path: string) {}

  /**
   * Reads what an earlier start left, and creates the file if there is none. A job still `running` there died with
   * its runner: it is `abandoned`, and its duration is unknown.
   *
   * @throws the file system's error if the file cannot be read or written
   */
  async open(): Promise<readonly JobRecord[]> {
    const text = await this.read()
    this.records = text
      .split("\n")
      .flatMap((line) => parseRecord(line) ?? [])
      .slice(-LIMIT)
      .map(({ at, name, status, seconds }) =>
        status === "running"
          ? { at, name, status: "abandoned" }
          : { at, name, status, ...(seconds !== undefined && { seconds }) },
      )
    await this.write()
    return this.records
  }

  /** @throws the file system's error if the file cannot be written */
  async add(record: JobRecord): Promise<void> {
    const name = fieldName(record.name)
    if (record.status !== "running")
      this.records = this.records.filter((other) => other.name !== name || other.status !== "running")
    this.records = [...this.records, { ...record, name }].slice(-LIMIT)
    await this.write()
  }

  private async write(): Promise<void> {
    await replaceFile(this.path, this.records.map((record) => `${formatRecord(record)}\n`).join(""))
  }

  private async read(): Promise<string> {
    try {
      return await readUntrusted(this.path, { bytes: BYTES, part: "last" })
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return ""
      throw error
    }
  }
}
