import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync } from "node:fs"
import { connect } from "node:net"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { emptyFolder, mirrorPort } from "./config.js"
import { childEnvironment } from "./environment.js"
import { logExcerpt } from "./log-excerpt.js"
import { findProgram } from "../host/host.js"
import { plugIn } from "../host/network.js"
import { childrenOf, findMarked, isRunning, processStat, startDetached, stopProcess } from "../host/process.js"
import { recordChange, writeRecord, type InstanceRecord, type RecordedProcess } from "../state/record.js"
import type { InstanceFolder, StateFolder } from "../state/state-folder.js"

export interface EngineParts {
  /** Folder with the engine's programs. */
  binaries: string
  /** Folder with the SDKs' contents, and the variables that name them; absent for an engine that is to build them. */
  content?: { folder: string; env: Record<string, string> }
  registryProgram: string
}

/** Sets up the network namespace and starts the engine in it. */
const NETWORK_NAMESPACE = fileURLToPath(new URL("./namespace.sh", import.meta.url))

/**
 * The engine's heap is small, while what it copies is large: with Go's default it collects garbage for a quarter of its time. Above the
 * limit it collects as often as it has to.
 */
export const COLLECTOR = { GOGC: "400", GOMEMLIMIT: "2GiB" }

const LOG_LINES = 10
const READY_SECONDS = 60
const GRACE_SECONDS = 40

/** Whether an engine answers on a socket. */
export function answersOn(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = connect(socket)
    client.once("connect", () => {
      client.destroy()
      resolve(true)
    })
    client.once("error", () => resolve(false))
  })
}

/**
 * Starts the engine in namespaces of its own and waits until it answers.
 *
 * @throws RunnerImagesError ENGINE_START with the end of the engine's log when it dies or stays silent for a minute
 */
export async function startEngine(
  state: StateFolder,
  folder: InstanceFolder,
  record: InstanceRecord,
  parts: EngineParts,
): Promise<void> {
  await stopEngine(folder, record)
  recordChange(folder, record, { kind: "cgroup", name: folder.cgroup })
  rmSync(folder.socket, { force: true })
  emptyFolder(folder.temporary)
  for (const path of [folder.namespace, folder.home, folder.data, folder.registryStorage])
    mkdirSync(path, { recursive: true })

  const engineArgs = [
    ...["--config", join(folder.config, "engine.toml")],
    ...["--root", folder.data],
    ...["--addr", `unix://${folder.socket}`],
    ...["--network-name", "dagger"],
    ...["--network-cidr", record.containers],
  ]
  const started = await startDetached(
    "unshare",
    [
      ...["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"],
      ...["bash", NETWORK_NAMESPACE, ...engineArgs],
    ],
    {
      logFile: folder.engineLog,
      env: {
        ...childEnvironment(folder, record.marker),
        ...parts.content?.env,
        ...COLLECTOR,
        STATE: state.root,
        SCRATCH: folder.namespace,
        RUNTIME: folder.runtime,
        CONFIG: folder.config,
        BINARIES: parts.binaries,
        CONTENT: parts.content?.folder ?? "",
        RUNC: findProgram("runc") ?? "runc",
        BASES: folder.basesStorage,
        SERVER: parts.registryProgram,
        BASES_PORT: String(mirrorPort(record.registryPort)),
        USERS_PORT: String(record.registryPort),
        LOGS: dirname(folder.registryLog),
      },
    },
  )
  record.processes.engine = started
  record.startedAt = new Date().toISOString()
  writeRecord(folder, record)

  const init = await firstChild(started)
  if (init === undefined) throw died(folder, "could not be given namespaces")
  try {
    await plugIn(folder, record, init.pid)
  } catch (error) {
    // The engine's own log says more than a command that found the engine gone.
    if (!isRunning(started)) throw died(folder, "ended while it was starting")
    await stopEngine(folder, record)
    throw error
  }
  const deadline = performance.now() + READY_SECONDS * 1000
  while (!(await answersOn(folder.socket))) {
    if (!isRunning(started)) throw died(folder, "ended while it was starting")
    if (performance.now() > deadline) {
      await stopEngine(folder, record)
      throw died(folder, `did not answer within ${READY_SECONDS} seconds`)
    }
    await sleep(50)
  }
  record.socketInode = lstatSync(folder.socket).ino
  writeRecord(folder, record)
}

/**
 * Checks that the engine's socket is the one that the engine created. Its folder belongs to root, so only root could replace it.
 *
 * @throws RunnerImagesError ENGINE_STATE when it is another one
 */
export function checkSocket(folder: InstanceFolder, record: InstanceRecord): void {
  const found = existsSync(folder.socket) ? lstatSync(folder.socket) : undefined
  if (record.socketInode === undefined || !found) return
  if (found.ino === record.socketInode && found.isSocket() && found.uid === 0) return
  throw new RunnerImagesError(
    "ENGINE_STATE",
    `${folder.socket} is not the socket that the engine of instance ${record.name} created: another program listens there, as user ${found.uid}.`,
    "Find out which (ss -xlp), end it, then run: runner-images engine down, and engine up again.",
  )
}

/** The lines of the engine's log that say why it ended. */
export function logLines(folder: InstanceFolder): string[] {
  const log = existsSync(folder.engineLog) ? readFileSync(folder.engineLog, "utf8") : ""
  return (logExcerpt(log, LOG_LINES) || "(its log is empty)").split("\n")
}

function died(folder: InstanceFolder, what: string): RunnerImagesError {
  return new RunnerImagesError("ENGINE_START", `The engine ${what}.`, `The whole log is ${folder.engineLog}.`, {
    details: logLines(folder),
  })
}

/** The first process inside the new namespaces, once unshare has forked it. */
async function firstChild(unshare: RecordedProcess): Promise<RecordedProcess | undefined> {
  for (let tries = 0; tries < 200 && isRunning(unshare); tries++) {
    const pid = childrenOf(unshare.pid)[0]
    const stat = pid === undefined ? undefined : processStat(pid)
    if (pid !== undefined && stat) return { pid, startTime: stat.startTime }
    await sleep(10)
  }
  return undefined
}

/** The engine's outermost process, even if this program was killed before it recorded the process ID. */
export function engineProcess(record: InstanceRecord): RecordedProcess | undefined {
  const known = record.processes.engine
  return known && isRunning(known) ? known : findMarked(record.marker)[0]
}

/** Stops the engine, and with it everything in its namespaces. Running builds get 40 seconds. */
export async function stopEngine(folder: InstanceFolder, record: InstanceRecord): Promise<void> {
  const outermost = engineProcess(record)
  if (outermost) {
    const init = childrenOf(outermost.pid)[0]
    const stat = init === undefined ? undefined : processStat(init)
    // unshare does not forward signals: SIGTERM goes to the namespaces' first process, SIGKILL ends all.
    await stopProcess(
      outermost,
      GRACE_SECONDS,
      init !== undefined && stat ? { pid: init, startTime: stat.startTime } : undefined,
    )
  }
  // Processes that a run started before it was killed.
  for (const left of findMarked(record.marker)) await stopProcess(left, 1)
  delete record.processes.engine
  writeRecord(folder, record)
}
