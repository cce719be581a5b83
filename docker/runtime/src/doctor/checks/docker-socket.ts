import { connectionError, dockerAddress, socketGroup, type DockerAddress } from "../../container/docker-socket.js"
import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

const CHECK = "docker"
const TIMEOUT_MS = 5000

/** Whether jobs reach a Docker daemon. A missing socket is not a problem: not every job needs Docker. */
export async function checkDockerSocket({ environment }: Examination): Promise<Finding> {
  const address = dockerAddress(environment)
  if (!address) return { check: CHECK, status: "ok", text: "elsewhere, at DOCKER_HOST" }
  const group = socketGroup(address)
  if ("path" in address && group === undefined)
    return { check: CHECK, status: "ok", text: `no socket at ${address.path}: jobs have no Docker` }
  return dockerFinding(address, group, codeOf(await connectionError(address, TIMEOUT_MS)))
}

/** @param problem the system's code for why there is no connection; undefined if there is one */
export function dockerFinding(address: DockerAddress, group: number | undefined, problem: string | undefined): Finding {
  const where = "path" in address ? address.path : `${address.host}:${address.port}`
  if (problem === undefined) return { check: CHECK, status: "ok", text: `${where} answers` }
  if (problem === "EACCES" && group !== undefined)
    return {
      check: CHECK,
      status: "warning",
      text: `only group ${group} may use ${where}, and this user is not in it`,
      remedy: `docker run --group-add ${group}`,
    }
  return {
    check: CHECK,
    status: "warning",
    text: `nothing answers at ${where} (${problem})`,
    remedy:
      "path" in address
        ? "start the daemon, then recreate the container, so that it mounts the daemon's new socket"
        : "start the daemon that DOCKER_HOST names, and let the container's network reach it",
  }
}

/** The system's error code if there is one, which does not depend on the language. */
function codeOf(error: Error | undefined): string | undefined {
  return error && ("code" in error ? String(error.code) : String(error))
}
