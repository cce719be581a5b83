import { execa } from "execa"
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { send, sessionProcesses } from "../../../docker/runtime/src/runner/session.js"

export const STAND_IN = join(import.meta.dirname, "../../../docker/stand-in")

/** Short, so that tests need not wait. */
const SECONDS = "retry=0.2,conflict=1,poll=1,renew=0.3,interrupt=0.5,terminate=1"

export interface Ended {
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** A running program of the runner, in a process group of its own. */
export interface Running {
  readonly pid: number
  /** Waits for a line in either output. */
  says(text: string): Promise<void>
  /** To the whole group, as a terminal or the runtime program sends them. */
  signal(signal: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

/** A runner's folder: the programs themselves, in a copy of their own. */
export class StandInHome {
  /** First processes of sessions. */
  readonly #running = new Set<number>()

  private constructor(readonly path: string) {}

  static async create(): Promise<StandInHome> {
    const path = await mkdtemp(join(tmpdir(), "stand-in-"))
    await cp(STAND_IN, path, { recursive: true })
    return new StandInHome(path)
  }

  /** Ends what still runs, and takes the folder away. */
  async remove(): Promise<void> {
    for (const pid of this.#running) killSession(pid)
    await rm(this.path, { recursive: true, maxRetries: 5 })
  }

  #spawn(program: string, args: readonly string[], env: Record<string, string>) {
    const child = execa(join(this.path, program), args, {
      cwd: tmpdir(),
      env: { PATH: process.env.PATH, LANG: "C.UTF-8", RUNNER_ALLOW_RUNASROOT: "1", STAND_IN_SECONDS: SECONDS, ...env },
      extendEnv: false,
      reject: false,
      stdin: "ignore",
      timeout: 30_000,
      detached: true,
    })
    if (child.pid !== undefined) this.#running.add(child.pid)
    return child
  }

  /** Runs a program to its end. As root only where that is allowed, like the real one. */
  async run(program: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<Ended> {
    const { exitCode, stdout, stderr } = await this.#spawn(program, args, env)
    return { exitCode, stdout, stderr }
  }

  start(program: string, args: readonly string[] = [], env: Record<string, string> = {}): Running {
    const child = this.#spawn(program, args, env)
    let seen = ""
    const waiting = new Set<() => void>()
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        seen += chunk.toString()
        for (const check of waiting) check()
      })
    const { pid } = child
    if (pid === undefined) throw new Error(`${program} did not start`)
    const ended = (async (): Promise<Ended> => {
      const { exitCode, stdout, stderr } = await child
      return { exitCode, stdout, stderr }
    })()
    return {
      pid,
      ended,
      signal: (signal) => process.kill(-pid, signal),
      says: (text) =>
        new Promise((resolve, reject) => {
          const check = (): void => {
            if (!seen.includes(text)) return
            waiting.delete(check)
            resolve()
          }
          waiting.add(check)
          check()
          void ended.then(() => reject(new Error(`ended without "${text}":\n${seen}`)))
        }),
    }
  }

  async json(file: string): Promise<unknown> {
    return JSON.parse(await readFile(join(this.path, file), "utf8"))
  }

  /** The files of a configuration that are there. */
  async configuration(): Promise<string[]> {
    return (await readdir(this.path)).filter((file) => /^\.(?:runner|credentials)/.test(file)).sort()
  }
}

/** Kills a program and all that it started, as a container's end does: run.sh has its children in other groups. */
export function killSession(pid: number): void {
  for (const process of sessionProcesses(pid)) send(process.pid, "SIGKILL")
}

/** Without the times, which are others each time. */
export function timeless(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, "TIME")
}
