import { writeFileSync } from "node:fs"

/**
 * Gives this process the name that `ps` and `pgrep` show, `node` otherwise, as the real runner's programs have theirs. The command line
 * stays as it is.
 *
 * @param {string} name at most 15 letters
 */
export function nameProcess(name) {
  try {
    writeFileSync("/proc/self/comm", name)
  } catch {
    // Where that is not possible, it is called node.
  }
}
