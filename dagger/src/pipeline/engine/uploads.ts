import type { Directory, File } from "@dagger.io/dagger"
import { createHash } from "node:crypto"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"

/** How files of the running program reach the engine. Each entry point has its own way. */
export interface FileTransfer {
  /**
   * Absolute path of an existing folder that only this user can write to. The same in every session: the engine repeats some steps,
   * such as exporting an image, if the path of what they started from has changed.
   */
  folder: string
  /** Loads a folder below {@link folder} into the engine, which identifies it by its content. */
  load: (path: string) => Directory
}

/** A file's text or bytes; it is executable if it names its interpreter, unless it has a mode. Or a symbolic link. */
export type UploadedFile = string | { content: string | Uint8Array; mode?: number | undefined } | { link: string }

/** Uploaded files, by their paths in a folder. */
export type UploadedFiles = Readonly<Record<string, UploadedFile>>

/** Seconds since 1970, the first time that a zip archive can hold. */
const TIME = 315_532_800

/**
 * Files for build steps. Text in a query would be sent again with every later request, because Dagger's objects carry their whole
 * history; a loaded folder is only named there. Modes and times do not depend on this machine, so that equal content makes equal
 * steps, whichever entry point sends it.
 */
export class Uploads {
  private readonly loaded = new Map<string, Directory>()

  constructor(private readonly transfer: FileTransfer) {}

  /** Where uploads are loaded from, see {@link FileTransfer}. */
  get folder(): string {
    return this.transfer.folder
  }

  /** A folder of the given files. */
  directory(files: UploadedFiles): Directory {
    const entries = Object.entries(files).map(([path, file]) => normalise(path, file))
    const name = sha256(JSON.stringify(entries))
    const known = this.loaded.get(name)
    if (known) return known
    const folder = join(this.transfer.folder, name)
    // Another process may be loading it, so it is complete from the start.
    if (!existsSync(folder)) {
      const part = mkdtempSync(`${folder}.`)
      chmodSync(part, 0o755)
      for (const entry of entries) write(part, entry)
      moveTo(folder, part)
    }
    const directory = this.transfer.load(folder)
    this.loaded.set(name, directory)
    return directory
  }

  /** A single file. */
  file(name: string, file: UploadedFile): File {
    return this.directory({ [name]: file }).file(name)
  }
}

/**
 * The files in a folder of this program's machine. Symbolic links are followed.
 *
 * @param skip whether to leave out a file or folder, by its path relative to the folder
 */
export function filesIn(
  folder: string,
  skip: (path: string) => boolean = () => false,
  below = "",
): Record<string, UploadedFile> {
  const names = readdirSync(join(folder, below)).sort()
  return Object.fromEntries(
    names.flatMap((name) => {
      const path = join(below, name)
      if (skip(path)) return []
      if (statSync(join(folder, path)).isDirectory()) return Object.entries(filesIn(folder, skip, path))
      return [[path, { content: readFileSync(join(folder, path)) }]]
    }),
  )
}

/** The same files in another folder. */
export function filesBelow(folder: string, files: UploadedFiles): Record<string, UploadedFile> {
  return Object.fromEntries(Object.entries(files).map(([path, file]) => [join(folder, path), file]))
}

type Entry = { path: string; content: string; mode: number } | { path: string; link: string }

/** With the content in base64, so that an entry can be compared as text. */
function normalise(path: string, file: UploadedFile): Entry {
  if (typeof file !== "string" && "link" in file) return { path, link: file.link }
  const { content, mode } = typeof file === "string" ? { content: file, mode: undefined } : file
  const bytes = Buffer.from(content)
  const executable = bytes.subarray(0, 2).toString() === "#!"
  return { path, content: bytes.toString("base64"), mode: mode ?? (executable ? 0o755 : 0o644) }
}

function write(folder: string, entry: Entry): void {
  const path = join(folder, entry.path)
  makeFolders(folder, dirname(path))
  if ("link" in entry) {
    symlinkSync(entry.link, path)
    return
  }
  writeFileSync(path, Buffer.from(entry.content, "base64"))
  // Not by the mode of creation, from which the umask is taken.
  chmodSync(path, entry.mode)
  utimesSync(path, TIME, TIME)
}

/** Gives a folder its name, unless another process was faster. */
function moveTo(folder: string, part: string): void {
  try {
    renameSync(part, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
    rmSync(part, { recursive: true })
  }
}

function makeFolders(top: string, folder: string): void {
  if (folder === top) return
  makeFolders(top, dirname(folder))
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o755)
}

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex")
}
