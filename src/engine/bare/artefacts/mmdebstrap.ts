import { exec } from "../../../host/exec.js"
import { workEnvironment } from "./artefact.js"

/**
 * Makes a root from the distribution's archive. What mmdebstrap mounts meanwhile is in a namespace of its own and goes with its
 * processes: on the host's, mounts of a run that was killed would stay, and nobody could remove the folder that they are in.
 *
 * @param work folder for its scratch space
 */
export async function mmdebstrap(
  args: readonly string[],
  work: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await exec("unshare", ["--mount", "--", "mmdebstrap", ...args], { env: { ...workEnvironment(work), ...env } })
}
