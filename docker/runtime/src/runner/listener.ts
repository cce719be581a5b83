import { type ChildProcess, spawn } from "node:child_process"
import { EventEmitter, once } from "node:events"
import { join } from "node:path"
import { RuntimeFailure } from "../failure.js"
import { childEnvironment } from "./child-environment.js"
import { eventOf, type ListenerExit, type RunnerEvent } from "./events.js"
import { readLines } from "./lines.js"
import { send, sessionProcesses } from "./session.js"

/** How long output is waited for after run.sh ended, in milliseconds: a process that a job left behind may hold the pipe for ever. */
const DRAIN = 1000

const KILL_ROUNDS = 5

/** How run.sh ended. */
export interface ListenerEnd {
  /** Of run.sh, which says little: 130 or 143 after it was stopped, and 0 after most failures. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** How the listener itself ended, as the scripts around it report; undefined when they did not get to it. */
  readonly exit?: ListenerExit | undefined
}

/** A running runner. */
export interface Listener {
  /** Of run.sh, the first process of the runner's session. */
  readonly pid: number
  readonly events: EventEmitter<{ event: [RunnerEvent] }>
  /** Never rejects. By then all output was passed on, and all events were emitted. */
  readonly ended: Promise<ListenerEnd>
  /** Sends a signal to the runner. SIGINT and SIGTERM end it after its job is cancelled; SIGKILL ends its job's processes as well. */
  stop(signal: NodeJS.Signals): void
}

export interface ListenerOptions {
  /** Of the configured runner. */
  readonly folder: string
  /** What jobs get, without secrets. */
  readonly environment: Readonly<Record<string, string>>
  /** For run.sh: `["--once"]`. */
  readonly args?: readonly string[]
  /** Gets the runner's output, line by line and unchanged; standard output by default. */
  readonly output?: (line: Uint8Array) => void
}

/**
 * Starts run.sh in a session of its own.
 *
 * @throws {RuntimeFailure} UNCLASSIFIED when it cannot be started
 */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const { folder, environment, args = [], output = toStdout } = options
  const child = spawn(join(folder, "run.sh"), args, {
    cwd: folder,
    env: childEnvironment(environment, {
      // run.sh then passes signals on, and reports a refused version by its exit code.
      RUNNER_MANUALLY_TRAP_SIG: "1",
      ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE: "1",
    }),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  })
  const events: Listener["events"] = new EventEmitter()
  let exit: ListenerExit | undefined
  const tell = (line: Buffer): void => {
    output(line)
    const event = eventOf(line.toString("utf8"))
    if (!event) return
    if (event.type === "listener-exited") exit = event.exit
    events.emit("event", event)
  }
  // Lines are kept until the caller has had a chance to listen. They are read at once, since Node.js discards the unread
  // output of a program that has ended.
  const early: Buffer[] = []
  let take = (line: Buffer): void => void early.push(line)
  readLines(child.stdout, (line) => take(line))
  readLines(child.stderr, (line) => take(line))
  const end = whenEnded(child)

  await once(child, "spawn").catch((error: unknown) => {
    throw new RuntimeFailure(
      "UNCLASSIFIED",
      `run.sh cannot be started: ${error instanceof Error ? error.message : String(error)}`,
      `Check that ${folder} contains the runner, and that programs in it may run.`,
    )
  })
  const { pid } = child
  if (pid === undefined) throw new Error("a process was started that has no id")
  const heard = new Promise<void>((resolve) =>
    setImmediate(() => {
      early.forEach(tell)
      take = tell
      resolve()
    }),
  )
  const ended = Promise.all([end, heard]).then(([[code, signal]]) => {
    // A killed run.sh could not stop what it had started, which would keep taking jobs.
    if (signal !== null) killSession(pid)
    return { code, signal, exit }
  })

  let stopped = false
  const stop = (signal: NodeJS.Signals): void => {
    if (child.exitCode !== null || child.signalCode !== null) return
    if (signal === "SIGKILL") killSession(pid)
    else for (const group of stopped ? listenerGroups(pid) : [pid]) send(-group, signal)
    stopped = true
  }
  return { pid, events, ended, stop }
}

/**
 * The groups to signal when run.sh was signalled before. It waits without a trap then, and would end at once and leave the listener
 * alone; the listener is in the group of run.sh's child. A run.sh that is the listener itself has no such child.
 */
function listenerGroups(pid: number): number[] {
  const groups = sessionProcesses(pid)
    .filter((process) => process.parent === pid && process.group === process.pid)
    .map((process) => process.group)
  return groups.length > 0 ? groups : [pid]
}

/** In rounds, since processes that were started meanwhile are not on the list. */
function killSession(pid: number): void {
  for (let round = 0; round < KILL_ROUNDS; round++) {
    const processes = sessionProcesses(pid)
    if (processes.length === 0) return
    for (const process of processes) send(process.pid, "SIGKILL")
  }
}

/** Never ends for a program that could not be started. */
function whenEnded(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      const done = (): void => {
        clearTimeout(timer)
        child.stdout?.destroy()
        child.stderr?.destroy()
        // The end of the streams passes on a last line without a line feed.
        setImmediate(() => resolve([code, signal]))
      }
      const timer = setTimeout(done, DRAIN)
      child.once("close", done)
    })
  })
}

function toStdout(line: Uint8Array): void {
  process.stdout.write(line)
}
