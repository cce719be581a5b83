import { execa } from "execa"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { send, sessionProcesses } from "../../../docker/runtime/src/runner/session.js"
import type { FakeGitHub } from "../../fake-github/fake-github.js"
import { makeRunnerFolder } from "./program.js"

/** Short, so that tests need not wait. */
const SECONDS = "retry=0.3,configure=0.2,conflict=1,renew=0.3,interrupt=0.7,terminate=0.7,shutdown=10"

export interface Ended {
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** A running program of the runner, in a session of its own. */
export interface Running {
  readonly pid: number
  /** Waits for a text in either output. */
  says(text: string): Promise<void>
  /** To the whole group, as a terminal or the start-up program sends them. */
  signal(signal: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

/** A runner's folder with the compiled program. */
export class ActRunnerHome {
  /** First processes of sessions. */
  readonly #running = new Set<number>()

  private constructor(readonly path: string) {}

  static async create(): Promise<ActRunnerHome> {
    const path = await mkdtemp(join(tmpdir(), "act-runner-"))
    await makeRunnerFolder(path)
    return new ActRunnerHome(path)
  }

  /** Ends what still runs, and removes the folder. */
  async remove(): Promise<void> {
    for (const pid of this.#running) killSession(pid)
    await rm(this.path, { recursive: true, force: true, maxRetries: 5 })
  }

  #spawn(program: string, args: readonly string[], env: Record<string, string>) {
    const child = execa(join(this.path, program), args, {
      cwd: tmpdir(),
      env: {
        PATH: process.env.PATH,
        LANG: "C.UTF-8",
        RUNNER_ALLOW_RUNASROOT: "1",
        ACT_RUNNER_SECONDS: SECONDS,
        ...env,
      },
      extendEnv: false,
      reject: false,
      stdin: "ignore",
      detached: true,
    })
    if (child.pid !== undefined) this.#running.add(child.pid)
    return child
  }

  /** Runs a program to its end. */
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

  /** Registers the runner `one` for `octo/example`. */
  async configure(github: FakeGitHub, ...args: string[]): Promise<Ended> {
    const address = ["--url", `${github.url}/octo/example`, "--token", runnerToken(github, "registration")]
    return await this.run("config.sh", ["--unattended", "--name", "one", ...address, ...args])
  }

  async json(file: string): Promise<unknown> {
    return JSON.parse(await readFile(join(this.path, file), "utf8"))
  }

  /** The files of a configuration that are there. */
  async configuration(): Promise<string[]> {
    return (await readdir(this.path)).filter((file) => /^\.(?:runner|credentials)/.test(file)).sort()
  }

  /** The runner's own logs, for whoever looks into a failure. */
  async diagnostics(): Promise<string> {
    const folder = join(this.path, "_diag")
    const names = await readdir(folder).catch(() => [])
    const texts = await Promise.all(names.sort().map((name) => readFile(join(folder, name), "utf8")))
    return texts.map((text, index) => `${names[index]}:\n${text}`).join("\n")
  }
}

/** Kills a program and all that it started, as a container's end does: run.sh has its children in other groups. */
export function killSession(pid: number): void {
  for (const process of sessionProcesses(pid)) send(process.pid, "SIGKILL")
}

/** A token for config.sh. */
export function runnerToken(github: FakeGitHub, kind: "registration" | "remove"): string {
  const target = github.accounts.find("repos/octo/example")
  if (!target) throw new Error("no repository")
  return github.tokens.createForRunner(kind, target).token
}

/** Without the times, which are others each time. */
export function timeless(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, "TIME")
}
