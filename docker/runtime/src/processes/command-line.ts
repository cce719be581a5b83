import { readUntrustedSync } from "../files/untrusted-file.js"

/** A process can make its arguments endless after it started (PR_SET_MM_MAP), and whoever reads them would read for ever. */
const LIMIT = 16 * 1024

/** The first words that a process was started with; none when it is gone. */
export function commandLineOf(pid: number): string[] {
  try {
    return readUntrustedSync(`/proc/${String(pid)}/cmdline`, { bytes: LIMIT, part: "first" }).split("\0")
  } catch {
    return []
  }
}
