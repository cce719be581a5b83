import { spawn } from "node:child_process"
import { constants } from "node:os"
import { join } from "node:path"
import { childEnvironment, TOKEN_INPUT } from "./child-environment.js"
import { withSystemPath } from "../system-path.js"
import { readLines } from "./lines.js"
import { send } from "./session.js"

/** Lines that are kept for the failure's message. */
const KEPT = 40

/** Milliseconds from SIGTERM to SIGKILL. */
const KILL_DELAY = 1000

export interface ConfigProgram {
  /** Of the runner. */
  readonly folder: string
  /** Without secrets. */
  readonly environment: Readonly<Record<string, string>>
  /** Gets config.sh's output, line by line. */
  readonly output?: (line: Uint8Array) => void
  readonly signal?: AbortSignal | undefined
  /**
   * How many milliseconds a registration may continue after the signal. Killed in the middle, it leaves a runner on GitHub's list, and no
   * files to remove it with.
   */
  readonly finishing?: number
}

/** By default. */
export const FINISHING = 8000

/** How config.sh ended: 128 and the signal's number when it was killed. */
export interface ConfigResult {
  readonly code: number
  /** Its last lines, from both streams. */
  readonly lines: readonly string[]
}

/**
 * Runs config.sh to its end. The token is only in the environment of this one program, since everyone can read the list of processes.
 *
 * @param finishing how many milliseconds it may continue after the signal
 * @throws the signal's reason when it was aborted; config.sh has ended then
 */
export async function runConfigProgram(
  { folder, environment, output = toStdout, signal }: ConfigProgram,
  args: readonly string[],
  token?: string,
  finishing = 0,
): Promise<ConfigResult> {
  signal?.throwIfAborted()
  const child = spawn(join(folder, "config.sh"), args, {
    // Before it goes to its own folder it looks for ./bin.
    cwd: folder,
    // The scripts start programs by their names, which inherit the token.
    env: childEnvironment(withSystemPath(environment), token === undefined ? {} : { [TOKEN_INPUT]: token }),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  })
  const lines: string[] = []
  const onLine = (bytes: Buffer): void => {
    const shown = token === undefined ? bytes : withoutToken(bytes, token)
    output(shown)
    lines.push(shown.toString("utf8").trimEnd())
    if (lines.length > KEPT) lines.shift()
  }
  readLines(child.stdout, onLine)
  readLines(child.stderr, onLine)
  let ending: NodeJS.Timeout | undefined
  const end = (): void => {
    const { pid } = child
    if (pid === undefined) return
    send(-pid, "SIGTERM")
    ending = setTimeout(() => send(-pid, "SIGKILL"), KILL_DELAY)
  }
  const stop = (): void => void (ending = setTimeout(end, finishing))
  signal?.addEventListener("abort", stop, { once: true })
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", reject)
      child.once("close", (exit, by) => resolve(exit ?? 128 + (by ? constants.signals[by] : 0)))
    })
    signal?.throwIfAborted()
    return { code, lines }
  } finally {
    clearTimeout(ending)
    signal?.removeEventListener("abort", stop)
  }
}

function toStdout(line: Uint8Array): void {
  process.stdout.write(line)
}

function withoutToken(bytes: Buffer, token: string): Buffer {
  return bytes.includes(token) ? Buffer.from(bytes.toString("utf8").replaceAll(token, "***")) : bytes
}
