import { attempt } from "../host/exec.js"

export const CONTAINER_ENGINES = ["docker", "podman"] as const
export type ContainerEngine = (typeof CONTAINER_ENGINES)[number]

/** What there is of Docker or podman: no program, a program that reaches no engine and says why, or an engine. */
export type ContainerEngineState =
  | { state: "absent" }
  | { state: "refused"; reason: string }
  | { state: "silent"; seconds: number }
  | { state: "running"; version: string }

/**
 * Asks a container engine's program for its engine's version.
 *
 * @param env where the program is searched for, and which engine it asks
 */
export async function containerEngine(
  cli: ContainerEngine,
  env: NodeJS.ProcessEnv,
  milliseconds: number,
): Promise<ContainerEngineState> {
  // `docker version` fails when only the client is there. podman has no daemon: its `version` has no server, `info` must work.
  const query =
    cli === "docker" ? ["version", "--format", "{{.Server.Version}}"] : ["info", "--format", "{{.Version.Version}}"]
  const { exitCode, stdout, stderr, timedOut } = await attempt(cli, query, {
    env,
    cleanEnv: true,
    timeout: milliseconds,
  })
  const version = stdout.trim()
  if (exitCode === 0 && version !== "") return { state: "running", version }
  if (timedOut) return { state: "silent", seconds: milliseconds / 1000 }
  if (exitCode === -1 && / ENOENT$/.test(stderr)) return { state: "absent" }
  return { state: "refused", reason: stderr.trim().split("\n").at(-1)?.replace(/\.$/, "") ?? "" }
}
