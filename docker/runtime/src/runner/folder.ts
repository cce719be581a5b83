import {
  accessSync,
  constants,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs"
import { join } from "node:path"
import { RuntimeFailure } from "../failure.js"
import { isConfigurationFile } from "./configuration-files.js"

const { W_OK, X_OK } = constants

/** Programs that find the rest of the runner relative to themselves, so that a link to them would lead back. */
const COPIED = new Set(["bin", "lib"])

/** Large, and never written to. */
const LINKED = new Set(["externals", "k8s"])

/** Where the runner keeps its log. */
const DIAGNOSTICS = "_diag"

/** Where the runner is. */
export interface RunnerFolder {
  readonly path: string
  /** What HOME is to be for jobs: as in the image, the runner's folder. */
  readonly home: string
  readonly copied: boolean
}

export interface FolderOptions {
  /** The image's own: `/home/runner`. */
  readonly home: string
  /** Folders for a copy, of which the first usable one is taken: `["/tmp", "/var/tmp"]`. */
  readonly temporary: readonly string[]
  /** Of this process. */
  readonly uid: number
}

/**
 * The runner's folder, to which it has to be able to write: its configuration, its log, run-helper.sh at every start. With a read-only
 * root or a user other than the image's, it is a copy in a temporary folder.
 *
 * @throws {RuntimeFailure} CONFIGURATION when there is no folder to write to
 */
export function prepareRunnerFolder({ home, temporary, uid }: FolderOptions): RunnerFolder {
  if (isWritable(home)) return { path: home, home, copied: false }
  const reasons: string[] = []
  for (const parent of temporary) {
    const path = join(parent, "runner-images-runner")
    const reason = copyRunner(home, path, uid)
    if (reason === undefined) return { path, home: path, copied: true }
    reasons.push(`${path}: ${reason}`)
  }
  throw new RuntimeFailure(
    "CONFIGURATION",
    `the runner needs a writable folder. ${home} is read-only for user ${String(uid)}, and no other folder is usable. ${reasons.join("; ")}`,
    `With a read-only root file system, mount a temporary folder in which programs may run, such as --tmpfs ${temporary[0] ?? "/tmp"}:exec or an emptyDir.`,
  )
}

/** Also whether an earlier user's log is in the way. */
function isWritable(folder: string): boolean {
  if (!mayWrite(folder)) return false
  const diagnostics = join(folder, DIAGNOSTICS)
  return kindOf(diagnostics) === undefined || mayWrite(diagnostics)
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, W_OK | X_OK)
    return true
  } catch {
    return false
  }
}

/** @returns why there is no copy at `path`, or undefined when there is */
function copyRunner(home: string, path: string, uid: number): string | undefined {
  try {
    const there = lstatSync(path, { throwIfNoEntry: false })
    // A folder that everybody may write to may contain anything. What an earlier start of this container left is removed.
    if (there && (!there.isDirectory() || there.uid !== uid)) return "something of another user is there"
    if (there) rmSync(path, { recursive: true })
    mkdirSync(path, { mode: 0o755 })
    for (const name of readdirSync(home)) copyEntry(join(home, name), join(path, name), name)
    // By default, a temporary file system is mounted so that nothing on it can run. This finds out.
    accessSync(join(path, "run.sh"), X_OK)
    return undefined
  } catch (error) {
    const reason = whyNot(error)
    rmSync(path, { recursive: true, force: true })
    return reason
  }
}

function copyEntry(from: string, to: string, name: string): void {
  if (isConfigurationFile(name) || name === DIAGNOSTICS) return
  const kind = kindOf(realpathSync(from))
  if (kind === "folder" && !COPIED.has(name)) {
    // Of the rest of the home, what is mounted for jobs to write to: work, caches.
    if (LINKED.has(name) || mayWrite(from)) symlinkSync(realpathSync(from), to)
  } else if (kind !== undefined) {
    cpSync(from, to, { recursive: true, dereference: true, mode: constants.COPYFILE_FICLONE })
  }
}

function kindOf(path: string): "file" | "folder" | undefined {
  const entry = lstatSync(path, { throwIfNoEntry: false })
  if (!entry) return undefined
  return entry.isDirectory() ? "folder" : "file"
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "the folder above it is missing",
  EROFS: "read-only file system",
  ENOSPC: "no space left",
  EDQUOT: "no space left",
}

function whyNot(error: unknown): string {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (code === "EACCES" && syscall === "access") return "mounted so that no program in it can run (noexec)"
  if (code === "EACCES" || code === "EPERM") return "not allowed to write"
  return (code === undefined ? undefined : REASONS[code]) ?? code ?? String(error)
}
