import { join } from "node:path"
import * as z from "zod"
import { printable } from "../files/printable.js"
import { readUntrustedSync } from "../files/untrusted-file.js"
import { CONFIGURATION_LIMIT } from "./configuration-files.js"

/** GitHub takes names of 64 characters. */
const LONGEST_NAME = 256

const SETTINGS = z.object({
  agentName: z
    .string()
    .max(LONGEST_NAME)
    .refine((name) => printable(name, LONGEST_NAME) === name),
  agentId: z.int().positive().optional(),
})

/** Who the configured runner is to GitHub. */
export type RunnerSettings = z.infer<typeof SETTINGS>

/** What `.runner` says, or undefined when there is none or it is damaged. A job can write there what it likes. */
export function readSettings(folder: string): RunnerSettings | undefined {
  try {
    // The runner writes a byte order mark.
    const text = readUntrustedSync(join(folder, ".runner"), { bytes: CONFIGURATION_LIMIT }).replace(/^\ufeff/, "")
    return SETTINGS.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
