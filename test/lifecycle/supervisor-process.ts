import { basename } from "node:path"
import type { Container } from "./container.js"
import type { ContainerProcess } from "./container-processes.js"

const PROGRAM = "runtime.mjs"
const INIT = "tini"

/**
 * The runtime program of a container that listens, when no worker of it is left. The init process names it too.
 *
 * @throws {Error} when the container has none, or several
 */
export async function supervisorOf(container: Container): Promise<ContainerProcess> {
  const processes = await container.processes()
  const init = processes.find(({ pid }) => pid === 1)
  // The broker is another process of the same program, and the supervisor's child.
  const [program, other] = processes.filter(({ command, parent }) => {
    const names = command.map((word) => basename(word))
    return names.includes(PROGRAM) && !names.includes(INIT) && parent === init?.hostPid
  })
  if (!program || other) throw new Error(`the container has ${program ? "several supervisors" : "no supervisor"}`)
  return program
}
