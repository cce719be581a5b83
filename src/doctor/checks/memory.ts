import { memoryLimit } from "../../../docker/runtime/src/doctor/checks/memory.js"
import { byteSize, GIBIBYTE } from "../../../docker/runtime/src/doctor/examination/byte-size.js"
import type { Examination } from "../examination/examination.js"
import { ok, skipped, warning, type Finding } from "../examination/finding.js"

/** The engine collects garbage above 2 GiB, and two browsers are tested beside it. No build was measured with less. */
const ENOUGH = 4 * GIBIBYTE

export async function checkMemory({ world: { root } }: Examination): Promise<Finding> {
  const limit = await memoryLimit(root)
  if (!limit) return skipped("memory", "the kernel does not report it")
  const text = `${byteSize(limit.bytes)}, ${limit.by === "cgroup" ? "the limit of this control group" : "all of this machine"}`
  if (limit.bytes >= ENOUGH) return ok("memory", text)
  const remedy = `give it at least ${byteSize(ENOUGH)}, or build one variant and platform at a time: ./runner-images build --platforms linux/ARCH`
  return warning("memory", `${text}: the kernel may kill the engine`, remedy)
}
