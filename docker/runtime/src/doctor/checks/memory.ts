import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { byteSize, GIBIBYTE } from "../examination/byte-size.js"
import { hasBrowser, type Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

const LEAST = GIBIBYTE
const LEAST_WITH_BROWSER = 2 * GIBIBYTE

/** Bytes that this container may use: its limit, else the machine's memory. Reads cgroup v2, then v1. */
export async function memoryLimit(root: string): Promise<{ bytes: number; by: "cgroup" | "machine" } | undefined> {
  const read = (path: string): Promise<string> => readFile(join(root, path), "utf8").catch(() => "")
  const total = Number(/^MemTotal:\s+(\d+) kB$/m.exec(await read("proc/meminfo"))?.[1]) * 1024
  for (const path of ["sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"]) {
    const limit = Number((await read(path)).trim() || Number.NaN)
    // No limit is "max" in v2 and a number beyond all memory in v1.
    if (Number.isFinite(limit) && !(limit >= total)) return { bytes: limit, by: "cgroup" }
  }
  return Number.isFinite(total) ? { bytes: total, by: "machine" } : undefined
}

export async function checkMemory(examination: Examination): Promise<Finding> {
  const limit = await memoryLimit(examination.root)
  if (!limit) return { check: "memory", status: "skipped", text: "the kernel does not report it" }
  const text = `${byteSize(limit.bytes)}, ${limit.by === "cgroup" ? "the container's limit" : "no limit below the machine's memory"}`
  const least = hasBrowser(examination) ? LEAST_WITH_BROWSER : LEAST
  if (limit.bytes >= least) return { check: "memory", status: "ok", text }
  return {
    check: "memory",
    status: "warning",
    text: `${text}: the kernel may kill jobs`,
    remedy: `give the container at least ${byteSize(least)} (--memory)`,
  }
}
