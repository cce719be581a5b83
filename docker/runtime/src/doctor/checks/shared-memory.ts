import { statfs } from "node:fs/promises"
import { join } from "node:path"
import { byteSize, GIBIBYTE } from "../examination/byte-size.js"
import { hasBrowser, type Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

/** A browser keeps its rendered pages there; with a container's default of 64 MiB, tabs crash. */
const ENOUGH_FOR_BROWSER = GIBIBYTE

export async function checkSharedMemory(examination: Examination): Promise<Finding> {
  const size = await statfs(join(examination.root, "dev/shm")).then(
    ({ blocks, bsize }) => blocks * bsize,
    () => undefined,
  )
  return sharedMemoryFinding(size, hasBrowser(examination))
}

export function sharedMemoryFinding(bytes: number | undefined, browser: boolean): Finding {
  const check = "shared memory"
  const text = bytes === undefined ? "there is no /dev/shm" : `${byteSize(bytes)} in /dev/shm`
  if (!browser || (bytes ?? 0) >= ENOUGH_FOR_BROWSER) return { check, status: "ok", text }
  return {
    check,
    status: "warning",
    text: `${text}: tabs of the browser may crash`,
    remedy: "give the container --shm-size 2g",
  }
}
