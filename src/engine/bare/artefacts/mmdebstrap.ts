import { exec } from "../../../host/exec.js"
import { workEnvironment } from "./artefact.js"

/**
 * Builds a root from the distribution's archive. mmdebstrap's mounts are in a namespace of their own and vanish with its
 * processes: in the host's, the mounts of a killed run would stay, and the folder that they are in could not be removed.
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
