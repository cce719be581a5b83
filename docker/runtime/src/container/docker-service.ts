import { spawn } from "node:child_process"
import { constants } from "node:fs"
import { join } from "node:path"
import type { Environment } from "../environment.js"
import { RuntimeFailure } from "../failure.js"
import { isAccessible } from "../files/accessible.js"
import { send } from "../runner/session.js"

const DAEMON = "dockerd"

/**
 * Starts a Docker daemon in this container, for START_DOCKER_SERVICE.
 *
 * @returns how to stop it
 * @throws {RuntimeFailure} CONFIGURATION when there is none, or this user may not start it
 */
export function startDockerService(environment: Environment, uid: number): () => void {
  const daemon = find(environment.PATH ?? "")
  if (daemon === undefined)
    throw new RuntimeFailure(
      "CONFIGURATION",
      "START_DOCKER_SERVICE requires a Docker daemon in this container, but the image has none",
      "Mount the host's socket with -v /var/run/docker.sock:/var/run/docker.sock, or name a docker:dind container in DOCKER_HOST; or install the distribution's docker.io in an image of your own.",
    )
  if (uid !== 0)
    throw new RuntimeFailure(
      "CONFIGURATION",
      "START_DOCKER_SERVICE needs root, but this container was not started as root",
      "Start it with --user 0 --privileged, and with RUN_AS_ROOT=false if jobs must not run as root.",
    )
  const child = spawn(daemon, [], { env: { ...environment }, stdio: ["ignore", "inherit", "inherit"], detached: true })
  // Whether it started shows in whether it answers.
  child.on("error", () => undefined)
  return () => {
    if (child.pid !== undefined && child.exitCode === null) send(child.pid, "SIGTERM")
  }
}

function find(path: string): string | undefined {
  return path
    .split(":")
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, DAEMON))
    .find((program) => isAccessible(program, constants.X_OK))
}
