import { exec, type ExecOptions } from "../../../host/exec.js"
import { workEnvironment } from "./artefact.js"

/**
 * Runs a tool that builds an artefact, in mount and process namespaces of its own. The kernel ends it with this program, however that ends, and
 * with it everything that it has started. Its mounts vanish with its processes: in the host's namespace, the mounts of a killed
 * run would stay, and the folder that they are in could not be removed.
 *
 * @param work folder for its scratch space
 * @returns its standard output
 */
export function runTool(
  command: string,
  args: readonly string[],
  work: string,
  options: Pick<ExecOptions, "cwd" | "env"> = {},
): Promise<string> {
  const namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
  return exec("setpriv", ["--pdeathsig", "KILL", "--", ...namespaces, command, ...args], {
    ...options,
    env: { ...workEnvironment(work), ...options.env },
  })
}
