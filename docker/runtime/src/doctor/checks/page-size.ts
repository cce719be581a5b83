import { execFile } from "node:child_process"
import { promisify } from "node:util"
import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

const USUAL = 4096

/** Browsers and programs with their own allocator are built for pages of 4 KiB and fail at once on larger ones. */
export async function checkPageSize({ environment }: Examination): Promise<Finding> {
  const env = environment.PATH === undefined ? {} : { PATH: environment.PATH }
  const size = await promisify(execFile)("getconf", ["PAGESIZE"], { env }).then(
    ({ stdout }) => Number(stdout),
    () => Number.NaN,
  )
  if (!Number.isInteger(size))
    return { check: "page size", status: "skipped", text: "getconf PAGESIZE does not report it" }
  if (size === USUAL) return { check: "page size", status: "ok", text: "4 KiB" }
  return {
    check: "page size",
    status: "warning",
    text: `${size / 1024} KiB: browsers and programs with jemalloc may fail at once`,
    remedy: "use a host whose kernel has pages of 4 KiB",
  }
}
