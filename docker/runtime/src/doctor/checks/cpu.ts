import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

/** The line of /proc/cpuinfo that lists features, what the levels are called, and which features each adds. */
interface Family {
  key: string
  levels: readonly { name: string; features: readonly string[] }[]
}

/**
 * By the names that the kernel gives the features. The first family's levels are those of its processor supplement
 * to the System V ABI (lzcnt is called abm and osxsave xsave there), the second's the revisions of its manual.
 */
const FAMILIES: readonly Family[] = [
  {
    key: "flags",
    levels: [
      { name: "x86-64-v1", features: ["cmov", "cx8", "fpu", "fxsr", "mmx", "sse", "sse2"] },
      { name: "x86-64-v2", features: ["cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"] },
      { name: "x86-64-v3", features: ["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"] },
      { name: "x86-64-v4", features: ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"] },
    ],
  },
  {
    key: "Features",
    levels: [
      { name: "ARMv8.0", features: ["fp", "asimd"] },
      { name: "ARMv8.1 with LSE atomics", features: ["atomics", "asimdrdm"] },
      { name: "ARMv8.2", features: ["dcpop"] },
      { name: "ARMv8.3", features: ["fcma", "jscvt", "lrcpc"] },
      { name: "ARMv9.0 with SVE2", features: ["sve2"] },
    ],
  },
]

/** The highest level whose features, and those of all levels below it, are in a text of /proc/cpuinfo. */
export function isaLevel(cpuinfo: string): string | undefined {
  for (const { key, levels } of FAMILIES) {
    const line = cpuinfo.split("\n").find((text) => text.split(":", 1)[0]?.trim() === key)
    if (line === undefined) continue
    const features = new Set(
      line
        .slice(line.indexOf(":") + 1)
        .trim()
        .split(/\s+/),
    )
    const missing = levels.findIndex((level) => !level.features.every((feature) => features.has(feature)))
    return (missing === -1 ? levels : levels.slice(0, missing)).at(-1)?.name
  }
  return undefined
}

/** Which instructions the processor has, according to the kernel. For information: a job's programs may need more. */
export async function checkCpu({ root }: Examination): Promise<Finding> {
  const level = isaLevel(await readFile(join(root, "proc/cpuinfo"), "utf8").catch(() => ""))
  return { check: "cpu", status: "ok", text: level ?? "the kernel does not list the processor's features" }
}
