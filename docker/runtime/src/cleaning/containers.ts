import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { join } from "node:path"
import { promisify } from "node:util"
import { dockerAddress, socketGroup } from "../container/docker-socket.js"
import type { Environment } from "../environment.js"
import { readUntrustedSync } from "../files/untrusted-file.js"
import type { CleaningPlan } from "../container/cleaning-plan.js"

const run = promisify(execFile)

/** A job may have put other programs first. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** Milliseconds for one command. */
const LIMIT = 30_000

/** Bytes of a runner's configuration. */
const LONGEST = 64 * 1024

/** How many, and why there may be more. */
export interface RemovedContainers {
  readonly containers: number
  readonly networks: number
  readonly failure?: string
}

/** Removes containers and networks with the runner's labels; nothing without Docker. */
export async function removeContainers(
  plan: Pick<CleaningPlan, "label" | "runnerFolder">,
  environment: Environment,
): Promise<RemovedContainers> {
  let containers = 0
  let networks = 0
  const address = dockerAddress(environment)
  if (!address || ("path" in address && socketGroup(address) === undefined)) return { containers, networks }
  const docker = async (...args: string[]): Promise<string[]> => {
    const { stdout } = await run("docker", args, { env: { ...environment, PATH }, timeout: LIMIT })
    return stdout.split("\n").filter((line) => line !== "")
  }
  try {
    for (const label of labelsOf(plan)) {
      const filter = ["--quiet", "--filter", `label=${label}`]
      const found = await docker("ps", "--all", ...filter)
      if (found.length > 0) containers += (await docker("rm", "--force", "--volumes", ...found)).length
      const unused = await docker("network", "ls", ...filter)
      if (unused.length > 0) networks += (await docker("network", "rm", ...unused)).length
    }
    return { containers, networks }
  } catch (error) {
    return { containers, networks, failure: messageOf(error) }
  }
}

/** That for jobs, and the one that GitHub's runner gives to its job containers, services and networks: a part of its configuration's checksum. */
export function labelsOf({ label, runnerFolder }: Pick<CleaningPlan, "label" | "runnerFolder">): string[] {
  try {
    const text = readUntrustedSync(join(runnerFolder, ".runner"), { bytes: LONGEST }).replace(/^\uFEFF/, "")
    return [label, createHash("sha256").update(text.toLowerCase()).digest("hex").slice(0, 6)]
  } catch {
    return [label]
  }
}

/** What Docker says of itself, in one line. */
function messageOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string }
  return (stderr?.trim() ?? "") === "" ? message : (stderr?.trim().split("\n").at(-1) ?? message)
}
