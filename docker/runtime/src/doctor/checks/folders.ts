import { access, constants, mkdtemp, rmdir, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

/** Whether the folders that a runner writes to can be written to, by making a folder in them. */
export async function checkFolders({ configuration, environment, uid }: Examination): Promise<Finding[]> {
  const toolCache = environment.RUNNER_TOOL_CACHE ?? environment.AGENT_TOOLSDIRECTORY ?? "/opt/hostedtoolcache"
  return Promise.all([
    ...(configuration ? [writable("work folder", configuration.workFolder, uid, "problem")] : []),
    // Without it the setup-* actions install into the work folder's _tool, or fail.
    writable("tool cache", toolCache, uid, "warning"),
  ])
}

async function writable(check: string, folder: string, uid: number, severity: "problem" | "warning"): Promise<Finding> {
  const existing = await nearest(folder)
  try {
    await rmdir(await mkdtemp(join(existing, ".doctor-")))
    const text = existing === folder ? `${folder} can be written to` : `${folder} can be created`
    return { check, status: "ok", text }
  } catch (error) {
    const { uid: owner } = await stat(existing)
    return {
      check,
      status: severity,
      text: `uid ${uid} cannot write to ${existing}, which belongs to uid ${owner} (${String(error instanceof Error && "code" in error ? error.code : error)})`,
      remedy: `mount a volume that uid ${uid} owns: chown ${uid} on the host, or docker run --user ${owner}`,
      ...(severity === "problem" && { code: "CONFIGURATION" }),
    }
  }
}

async function nearest(folder: string): Promise<string> {
  try {
    await access(folder, constants.F_OK)
    return folder
  } catch (error) {
    if (dirname(folder) === folder) throw error
    return nearest(dirname(folder))
  }
}
