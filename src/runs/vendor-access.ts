import { execa, ExecaError } from "execa"
import { tmpdir } from "node:os"
import { httpAccess } from "../../dagger/src/pipeline/catalog/http-access.js"
import type { Mirror } from "../../dagger/src/core/text/mirror.js"
import type { VendorAccess } from "../../dagger/src/core/catalog/vendor-access.js"

/** A package manager that has not answered within this time will not. */
const CLIENT_MILLISECONDS = 300_000

/**
 * Asks vendors by HTTP, and registries by their own clients, as those are configured here.
 *
 * @param mirror see {@link httpAccess}
 */
export function vendorAccess(mirror?: Mirror): VendorAccess {
  return httpAccess(mirror, client)
}

async function client(program: "npm" | "go", words: readonly string[]): Promise<string> {
  try {
    // No project's settings are asked for, and none is changed.
    const { stdout } = await execa(program, words, { cwd: tmpdir(), stdin: "ignore", timeout: CLIENT_MILLISECONDS })
    return stdout
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error
    if (error.code === "ENOENT") throw new Error(`${program} is not installed here`, { cause: error })
    const why = error.timedOut ? "took too long" : lastLine(String(error.stderr))
    throw new Error(`${program} ${words.join(" ")}: ${why}`, { cause: error })
  }
}

/** What a client says last that is about the request, and not about its log. */
function lastLine(text: string): string {
  const lines = text.split("\n").filter((line) => /\S/.test(line) && !/complete log|npm warn|\.log$/i.test(line))
  return lines.at(-1)?.trim() ?? "failed without a word"
}
