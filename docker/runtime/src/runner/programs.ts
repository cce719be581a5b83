import { createHash } from "node:crypto"
import { createReadStream, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs"
import { join } from "node:path"
import { RuntimeFailure } from "../failure.js"

/** Folders of which every file is a program or is loaded by one. */
const FOLDERS = ["bin"]

/** Files at the top that config.sh and what it starts read: a proxy that somebody wrote there would get the token. */
const INPUTS = [".env", ".path", ".certificates", ".options", ".proxy", ".proxycredentials", ".proxybypass"]

/** How many are named in a message. */
const NAMED = 3

/**
 * Compares the runner's programs with those in the image. A job can replace them for the next start.
 *
 * @param folder the runner's
 * @param manifest the image's list, which jobs cannot write to: lines as sha256sum writes them, and `link:TARGET  PATH` for links
 * @returns what differs: `bin/Runner.Listener is changed`, `bin/more.dll is not from the image`, `run.sh is missing`
 */
export async function changedPrograms(folder: string, manifest: string): Promise<string[]> {
  const expected = readManifest(manifest)
  // A link in a folder's place leads to where a job may have put more than is looked for.
  const folders = new Set([...FOLDERS, ...[...expected.keys()].flatMap(foldersAbove)])
  const changes = [...folders].filter((path) => isNoFolder(join(folder, path))).map((path) => `${path} is not a folder`)
  for (const [path, sum] of expected) {
    const found = await sumOf(join(folder, path))
    if (found === undefined) changes.push(`${path} is missing`)
    else if (found !== sum) changes.push(`${path} is changed`)
  }
  for (const path of FOLDERS.flatMap((name) => filesBelow(folder, name)))
    if (!expected.has(path)) changes.push(`${path} is not from the image`)
  return changes
}

/** @throws {RuntimeFailure} REGISTRATION when they differ: they would get a secret */
export async function refuseChangedPrograms(folder: string, manifest: string): Promise<void> {
  const changes = await changedPrograms(folder, manifest)
  if (changes.length === 0) return
  const more = changes.length > NAMED ? `, and ${String(changes.length - NAMED)} more` : ""
  throw new RuntimeFailure(
    "REGISTRATION",
    `the runner's programs are no longer those of the image, and get no token: ${changes.slice(0, NAMED).join(", ")}${more}`,
    "A job changed them, or the runner updated itself. Recreate the container, as docker compose up --force-recreate does. With DISABLE_AUTO_UPDATE=true, or with a read-only root, they stay unchanged.",
  )
}

/**
 * Removes files that the runner's next start would read as its environment, unless they are root's: those are from the image, or mounted.
 *
 * @returns the names of files that were there
 */
export function removeForeignInputs(folder: string): string[] {
  return INPUTS.filter((name) => {
    const stats = lstatSync(join(folder, name), { throwIfNoEntry: false })
    if (!stats || stats.uid === 0) return false
    rmSync(join(folder, name), { recursive: true, force: true })
    return true
  })
}

function readManifest(file: string): ReadonlyMap<string, string> {
  let text: string
  try {
    text = readFileSync(file, "utf8")
  } catch (cause) {
    throw new RuntimeFailure(
      "UNCLASSIFIED",
      `${file}, the list of the runner's programs, cannot be read`,
      "The image is damaged, or not one of this project. Pull or build it again.",
      { cause },
    )
  }
  const lines = text.split("\n").filter((line) => line !== "")
  return new Map(
    lines.map((line) => {
      const end = line.indexOf("  ")
      return [line.slice(end + 2), line.slice(0, end)] as const
    }),
  )
}

/** `bin/a`, `bin` of `bin/a/b` */
function foldersAbove(path: string): string[] {
  const names = path.split("/").slice(0, -1)
  return names.map((_, place) => names.slice(0, place + 1).join("/"))
}

/** Whether something other than a folder is there. */
function isNoFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false
}

function filesBelow(folder: string, name: string): string[] {
  const entries = readFolder(join(folder, name))
  return entries.flatMap((entry) => {
    const path = `${name}/${entry.name}`
    return entry.isDirectory() ? filesBelow(folder, path) : [path]
  })
}

function readFolder(path: string) {
  // A link to a folder elsewhere is none.
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return []
  return readdirSync(path, { withFileTypes: true })
}

/** In the manifest's form; undefined for what does not exist, or is neither a file nor a link. */
async function sumOf(path: string): Promise<string | undefined> {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats?.isSymbolicLink()) return `link:${readlinkSync(path)}`
  if (!stats?.isFile()) return undefined
  const hash = createHash("sha256")
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest("hex")
}
