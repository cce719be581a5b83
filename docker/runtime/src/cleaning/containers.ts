import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { dockerAddress, socketGroup } from "../container/docker-socket.js"
import type { Environment } from "../environment.js"
import { withSystemPath } from "../system-path.js"

const run = promisify(execFile)

/** Milliseconds for one command. */
const LIMIT = 30_000

/** How many, and why there may be more. */
export interface RemovedContainers {
  readonly containers: number
  readonly networks: number
  readonly failure?: string
}

/** Removes containers and networks that have one of the labels; nothing without Docker. */
export async function removeContainers(
  labels: readonly string[],
  environment: Environment,
): Promise<RemovedContainers> {
  let containers = 0
  let networks = 0
  const address = dockerAddress(environment)
  if (!address || ("path" in address && socketGroup(address) === undefined)) return { containers, networks }
  const env = clientEnvironment(environment)
  const docker = async (...args: string[]): Promise<string[]> => {
    const { stdout } = await run("docker", args, { env, timeout: LIMIT })
    return stdout.split("\n").filter((line) => line !== "")
  }
  try {
    for (const label of labels) {
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

/** Jobs can write to Docker's own configuration, which names another daemon, or programs to run: only certificates are read there. */
function clientEnvironment(environment: Environment): Environment {
  const { HOME = "/", DOCKER_CONFIG = join(HOME, ".docker"), DOCKER_CERT_PATH = DOCKER_CONFIG } = environment
  const { DOCKER_HOST = "unix:///var/run/docker.sock" } = environment
  return { ...withSystemPath(environment), DOCKER_HOST, DOCKER_CERT_PATH, DOCKER_CONFIG: "/nonexistent" }
}

/** Docker's own last line. */
function messageOf(error: unknown): string {
  const { stderr = "", message } = error as { stderr?: string; message: string }
  return stderr.trim() === "" ? message : (stderr.trim().split("\n").at(-1) ?? message)
}
