import type { StatsFs } from "node:fs"
import { statfs } from "node:fs/promises"
import { dirname } from "node:path"
import { RuntimeFailure } from "../../failure.js"
import { byteSize, GIBIBYTE, MEBIBYTE } from "../examination/byte-size.js"
import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"
import { placesOf } from "../examination/places.js"

const ENOUGH = 5 * GIBIBYTE
const LEAST = 500 * MEBIBYTE

/** Space for the work folder, where repositories and their dependencies go, and for temporary files. */
export async function checkDisk(examination: Examination): Promise<Finding[]> {
  const folder = workFolderOf(examination)
  return Promise.all([
    ...(folder === undefined ? [] : [space("disk: work folder", folder)]),
    space("disk: temporary files", examination.environment.TMPDIR ?? "/tmp"),
  ])
}

/** The one that a start would choose; undefined if there is none, of which another finding tells. */
function workFolderOf(examination: Examination): string | undefined {
  try {
    return placesOf(examination)?.work.path
  } catch (error) {
    if (error instanceof RuntimeFailure) return undefined
    throw error
  }
}

async function space(check: string, folder: string): Promise<Finding> {
  const found = await fileSystemOf(folder)
  return spaceFinding(check, folder, found.bavail * found.bsize, found.files === 0 ? undefined : found.ffree)
}

/** @param inodes free ones; undefined where the file system has no such limit */
export function spaceFinding(check: string, folder: string, bytes: number, inodes: number | undefined): Finding {
  const remedy = `free space on the host, or mount a larger volume on ${folder}`
  if (inodes !== undefined && inodes < 1000)
    return { check, status: "problem", text: `only ${inodes} more files fit in ${folder}`, remedy }
  const text = `${byteSize(bytes)} free in ${folder}`
  if (bytes < LEAST) return { check, status: "problem", text, remedy }
  return bytes < ENOUGH ? { check, status: "warning", text, remedy } : { check, status: "ok", text }
}

/** Of the folder, or of the nearest above it that exists. */
async function fileSystemOf(folder: string): Promise<StatsFs> {
  try {
    return await statfs(folder)
  } catch (error) {
    if (dirname(folder) === folder) throw error
    return fileSystemOf(dirname(folder))
  }
}
