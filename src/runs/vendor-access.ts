import { execa, ExecaError } from "execa"
import { tmpdir } from "node:os"
import { httpAccess } from "../../dagger/src/pipeline/catalog/http-access.js"
import type { Mirror } from "../../dagger/src/core/text/mirror.js"
import type { VendorAccess } from "../../dagger/src/core/catalog/vendor-access.js"

/** A package manager that has not answered within this time will not. */
const CLIENT_MILLISECONDS = 300_000

/**
 * Queries vendors over HTTP, and registries through their own clients as configured on this host.
 *
 * @param mirror see {@link httpAccess}
 */
export function vendorAccess(mirror?: Mirror): VendorAccess {
  return httpAccess(mirror, client)
}

async function client(program: "npm" | "go", words: readonly string[]): Promise<string> {
  try {
    // Outside any project, so that no project's settings are used or changed.
    const { stdout } = await execa(program, words, { cwd: tmpdir(), stdin: "ignore", timeout: CLIENT_MILLISECONDS })
    return stdout
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error
    if (error.code === "ENOENT") throw new Error(`${program} is not installed on this host`, { cause: error })
    const why = error.timedOut ? "timed out" : lastLine(String(error.stderr))
    throw new Error(`${program} ${words.join(" ")}: ${why}`, { cause: error })
  }
}

/** The last line of a client's output that is about the request rather than its log. */
function lastLine(text: string): string {
  const lines = text.split("\n").filter((line) => /\S/.test(line) && !/complete log|npm warn|\.log$/i.test(line))
  return lines.at(-1)?.trim() ?? "failed without a message"
}
