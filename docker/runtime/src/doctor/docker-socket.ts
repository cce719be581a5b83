import { stat } from "node:fs/promises"
import { createConnection } from "node:net"
import { once } from "node:events"
import type { Examination } from "./examination.js"
import type { Finding } from "./finding.js"

/** Whether jobs reach a Docker daemon by its socket. No socket is no problem: not every job needs Docker. */
export async function checkDockerSocket({ environment }: Examination): Promise<Finding> {
  const check = "docker"
  const host = environment.DOCKER_HOST ?? "unix:///var/run/docker.sock"
  if (!host.startsWith("unix://")) return { check, status: "ok", text: `by DOCKER_HOST ${withoutPassword(host)}` }
  const path = host.slice("unix://".length)
  const found = await stat(path).catch(() => undefined)
  if (!found) return { check, status: "ok", text: `no socket at ${path}: jobs have no Docker` }
  return socketFinding(path, found.gid, await connectionProblem(path))
}

/** @param problem the system's code for why there is no connection; undefined if there is one */
export function socketFinding(path: string, gid: number, problem: string | undefined): Finding {
  const check = "docker"
  if (problem === undefined) return { check, status: "ok", text: `${path} answers` }
  if (problem === "EACCES")
    return {
      check,
      status: "warning",
      text: `${path} may be used by group ${gid} only, which this user is not in`,
      remedy: `docker run --group-add ${gid}`,
    }
  return {
    check,
    status: "warning",
    text: `${path} is there, but nothing answers (${problem})`,
    remedy: "start the daemon, then make the container anew, so that it mounts the daemon's new socket",
  }
}

async function connectionProblem(path: string): Promise<string | undefined> {
  const socket = createConnection(path)
  try {
    await once(socket, "connect")
    return undefined
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error)
  } finally {
    socket.destroy()
  }
}

const withoutPassword = (host: string): string => host.replace(/\/\/[^/]*@/, "//***@")
