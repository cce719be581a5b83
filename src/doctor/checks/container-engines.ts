import type { ContainerEngine, ContainerEngineState } from "../../engine/container-engine.js"
import type { Examination } from "../examination/examination.js"
import { ok, warning, type Finding } from "../examination/finding.js"

/** Docker and podman. Neither is needed where the bare engine runs, so that their faults are warnings; `engine` says what follows. */
export async function checkContainerEngines(examination: Examination): Promise<Finding[]> {
  const { docker, podman } = await examination.containerEngines()
  const { system } = examination.world.facts
  const dockerFinding = finding("docker", docker, system)
  const podmanFinding = finding("podman", podman, system)
  if (podman.state === "running" && docker.state !== "running" && docker.state !== "absent")
    return [{ ...dockerFinding, text: `${dockerFinding.text}; podman runs, and builds use that` }, podmanFinding]
  return [dockerFinding, podmanFinding]
}

function finding(cli: ContainerEngine, found: ContainerEngineState, system: NodeJS.Platform): Finding {
  switch (found.state) {
    case "running":
      return ok(cli, `${found.version} is running`)
    case "absent":
      return ok(cli, "not installed")
    case "silent":
      return warning(cli, `its client is here, but nothing answers within ${found.seconds} s`, restart(cli, system))
    case "refused":
      if (/permission denied/i.test(found.reason))
        return warning(
          cli,
          `this user may not use it: ${found.reason}`,
          "sudo usermod -aG docker $USER, then log in again: members of that group are root on this host",
        )
      return warning(cli, `its client is here, but reaches no engine: ${found.reason}`, restart(cli, system))
  }
}

function restart(cli: ContainerEngine, system: NodeJS.Platform): string {
  if (cli === "podman") return system === "linux" ? "podman info shows why" : "podman machine start"
  return system === "linux"
    ? "sudo systemctl restart docker; docker context ls shows which engine the client asks"
    : "start Docker Desktop; docker context ls shows which engine the client asks"
}
