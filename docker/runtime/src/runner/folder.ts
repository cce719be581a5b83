import {
  accessSync,
  constants,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { RuntimeFailure } from "../failure.js"
import { isAccessible } from "../files/accessible.js"
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
export function prepareRunnerFolder(options: FolderOptions): RunnerFolder {
  return firstUsable(options, (parent, path) => {
    const reason = whyNoCopy(options, parent, path)
    return reason ?? copyRunner(options.home, path)
  })
}

/**
 * The folder that {@link prepareRunnerFolder} would prepare. Nothing is changed: another process may work in an earlier copy.
 *
 * @throws {RuntimeFailure} CONFIGURATION as it does
 */
export function chooseRunnerFolder(options: FolderOptions): RunnerFolder {
  return firstUsable(options, (parent, path) => whyNoCopy(options, parent, path))
}

/** @param attempt says why there is no copy at `path`, or undefined when there is */
function firstUsable(
  { home, temporary, uid }: FolderOptions,
  attempt: (parent: string, path: string) => string | undefined,
): RunnerFolder {
  if (isWritable(home)) return { path: home, home, copied: false }
  const reasons: string[] = []
  for (const parent of temporary) {
    const path = join(parent, "runner-images-runner")
    const reason = attempt(parent, path)
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
  return lstatSync(diagnostics, { throwIfNoEntry: false }) === undefined || mayWrite(diagnostics)
}

function mayWrite(path: string): boolean {
  return isAccessible(path, W_OK | X_OK)
}

/** @returns why `path` in the folder `parent` can have no copy, or undefined when it can */
function whyNoCopy({ home, uid }: FolderOptions, parent: string, path: string): string | undefined {
  let probe: string | undefined
  try {
    const there = lstatSync(path, { throwIfNoEntry: false })
    // A folder that everybody may write to may contain anything.
    if (there && (!there.isDirectory() || there.uid !== uid)) return "something of another user is there"
    probe = mkdtempSync(join(parent, "runner-images-probe-"))
    writeFileSync(join(probe, "program"), "", { mode: 0o755 })
    // By default, a temporary file system is mounted so that nothing on it can run. This finds out.
    accessSync(join(probe, "program"), X_OK)
    const { bavail, bsize, blocks } = statfsSync(parent)
    // Where the size is not limited, there is none. An earlier copy gives way.
    const free = blocks === 0 ? Infinity : bavail * bsize + (there ? sizeOf(path) : 0)
    return free < sizeOfCopy(home) ? REASONS.ENOSPC : undefined
  } catch (error) {
    return whyNot(error)
  } finally {
    if (probe !== undefined) rmSync(probe, { recursive: true, force: true })
  }
}

/** @returns why there is no copy at `path`, or undefined when there is */
function copyRunner(home: string, path: string): string | undefined {
  try {
    // What an earlier start of this container left.
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path, { mode: 0o755 })
    for (const name of readdirSync(home)) copyEntry(join(home, name), join(path, name), name)
    return undefined
  } catch (error) {
    const reason = whyNot(error)
    rmSync(path, { recursive: true, force: true })
    return reason
  }
}

function copyEntry(from: string, to: string, name: string): void {
  const mode = constants.COPYFILE_FICLONE
  // The links of a folder stay as the image has them: the list of the runner's programs has their targets.
  if (isCopied(from, name)) cpSync(realpathSync(from), to, { recursive: true, verbatimSymlinks: true, mode })
  // Of the rest of the home, what is mounted for jobs to write to: work, caches.
  else if (isFolder(from) && !isOwnData(name) && (LINKED.has(name) || mayWrite(from)))
    symlinkSync(realpathSync(from), to)
}

function isCopied(from: string, name: string): boolean {
  return !isOwnData(name) && (COPIED.has(name) || !isFolder(from))
}

/** What a runner writes for itself. */
function isOwnData(name: string): boolean {
  return isConfigurationFile(name) || name === DIAGNOSTICS
}

function isFolder(path: string): boolean {
  return statSync(path).isDirectory()
}

function sizeOfCopy(home: string): number {
  const copied = readdirSync(home).filter((name) => isCopied(join(home, name), name))
  return copied.reduce((sum, name) => sum + sizeOf(realpathSync(join(home, name))), 0)
}

/** In bytes; a link counts as itself. */
function sizeOf(path: string): number {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats?.isDirectory()) return stats?.size ?? 0
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}

const REASONS = {
  ENOENT: "the folder above it is missing",
  EROFS: "read-only file system",
  ENOSPC: "no space left",
  EDQUOT: "no space left",
} as const

function whyNot(error: unknown): string {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (code === "EACCES" && syscall === "access") return "mounted so that no program in it can run (noexec)"
  if (code === "EACCES" || code === "EPERM") return "not allowed to write"
  return code !== undefined && code in REASONS ? REASONS[code as keyof typeof REASONS] : (code ?? String(error))
}
