import { readdirSync, readFileSync } from "node:fs"
import { TRACKING } from "./job-environment.mjs"

/**
 * Ends processes that the job started and left behind.
 *
 * @param {NodeJS.ProcessEnv} environment the job's
 * @returns {{ pid: number, command: string }[]} those that were
 */
export function terminateOrphans(environment) {
  const mark = `\0${TRACKING}=${environment[TRACKING]}\0`
  /** @type {{ pid: number, command: string }[]} */
  const ended = []
  for (const name of readdirSync("/proc")) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    try {
      if (!`\0${readFileSync(`/proc/${pid}/environ`, "utf8")}`.includes(mark)) continue
      ended.push({ pid, command: readFileSync(`/proc/${pid}/comm`, "utf8").trim() })
      process.kill(pid, "SIGKILL")
    } catch {
      // Ended meanwhile, or another user's.
    }
  }
  return ended
}
