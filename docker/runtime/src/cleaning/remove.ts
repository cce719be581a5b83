import { spawn } from "node:child_process"
import { chmod, lstat, readdir } from "node:fs/promises"
import { parseMounts, readMountInfo } from "../files/mounts.js"
import { withSystemPath } from "../system-path.js"
import { bytesOf, entry, shown } from "../files/names.js"

/** What came of removing. */
export interface Removed {
  /** How many. */
  readonly removed: number
  /** What is still there, and why: `example (Permission denied)`. */
  readonly kept: readonly string[]
}

/** Of what rm says, in characters: it can be a line for each file. */
const LONGEST = 4096

/**
 * Removes entries of the working directory, with all that is in them. Links are removed and not followed. What has something mounted in
 * it stays as it is, since that may be the host's.
 */
export async function removeEntries(names: readonly string[]): Promise<Removed> {
  const mounted = mountedNames()
  const free = names.filter((name) => !mounted.has(name))
  await rm(free)
  const kept = names.filter((name) => mounted.has(name)).map((name) => `${shown(name)} (something is mounted there)`)
  for (const name of free.filter(entry)) {
    await makeWritable(bytesOf(name))
    const said = await rm([name])
    if (entry(name)) kept.push(`${shown(name)} (${reasonIn(said)})`)
  }
  return { removed: names.length - kept.length, kept: kept.sort() }
}

/** Entries of the working directory that something is mounted on, or below. */
function mountedNames(): ReadonlySet<string> {
  const above = `${Buffer.from(process.cwd(), "utf8").toString("latin1")}/`.replace(/^\/\/$/, "/")
  const targets = parseMounts(readMountInfo("latin1")).map(({ target }) => target)
  return new Set(
    targets
      .filter((target) => target.startsWith(above))
      .map((target) => target.slice(above.length).split("/")[0] ?? ""),
  )
}

/**
 * rm of coreutils, since Node.js looks at a path and then opens it again: what a job left running could put a link there in between. rm
 * keeps each folder open that it empties, and removes what is in it by name alone.
 *
 * @returns what it said
 */
async function rm(names: readonly string[]): Promise<string> {
  if (names.length === 0) return ""
  const child = spawn("xargs", ["-0", "rm", "-rf", "--one-file-system", "--"], {
    env: { ...withSystemPath(process.env as Record<string, string>), LC_ALL: "C" },
    stdio: ["pipe", "ignore", "pipe"],
  })
  let said = ""
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString("utf8")).slice(0, LONGEST)))
  child.stdin.on("error", () => undefined)
  child.stdin.end(Buffer.concat(names.flatMap((name) => [bytesOf(name), Buffer.from([0])])))
  return await new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message))
    child.once("close", () => resolve(said))
  })
}

/** `rm: cannot remove './example/file': Permission denied` ⇒ `Permission denied` */
function reasonIn(said: string): string {
  return /: ([^:\n]+)$/m.exec(said)?.[1] ?? "it cannot be removed"
}

/**
 * Makes folders writable, such as those of Go's module cache. Files are left alone: they may have other names elsewhere.
 */
async function makeWritable(folder: Buffer): Promise<void> {
  try {
    const stats = await lstat(folder)
    if (!stats.isDirectory()) return
    if ((stats.mode & 0o700) !== 0o700) await chmod(folder, 0o700)
    const entries = await readdir(folder, { withFileTypes: true, encoding: "buffer" })
    for (const each of entries)
      if (each.isDirectory()) await makeWritable(Buffer.concat([folder, Buffer.from("/"), each.name]))
  } catch {
    // Another user's, which rm tells.
  }
}
