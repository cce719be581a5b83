import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as z from "zod"

const SETTINGS = z.object({ agentName: z.string(), agentId: z.number().optional() })

/** Who the configured runner is to GitHub. */
export type RunnerSettings = z.infer<typeof SETTINGS>

/** What `.runner` says, or undefined when there is none or it is damaged. */
export function readSettings(folder: string): RunnerSettings | undefined {
  try {
    // The runner writes a byte order mark.
    const text = readFileSync(join(folder, ".runner"), "utf8").replace(/^\ufeff/, "")
    return SETTINGS.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
