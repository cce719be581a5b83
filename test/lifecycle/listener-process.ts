import { basename } from "node:path"
import type { Container } from "./container.js"
import type { ContainerProcess } from "./container-processes.js"

/** The runner's program, by this name on every platform. */
const LISTENER = "Runner.Listener"

/** Scripts of the runner that start the listener, and have something to do when it ends. */
const SCRIPTS = ["run.sh", "run-helper.sh"]

/** How a process was started: emulators and interpreters come before a program's name. */
function isNamed({ command }: ContainerProcess, names: readonly string[]): boolean {
  return command.slice(0, 4).some((word) => names.includes(basename(word)))
}

/** @throws {Error} when the container has none, or several */
export async function listenerOf(container: Container): Promise<ContainerProcess> {
  const [listener, other] = (await container.processes()).filter(
    (process) => isNamed(process, [LISTENER]) && !isNamed(process, SCRIPTS),
  )
  if (!listener || other) throw new Error(`the container has ${listener ? "several listeners" : "no listener"}`)
  return listener
}

export async function listenerScripts(container: Container): Promise<ContainerProcess[]> {
  return (await container.processes()).filter((process) => isNamed(process, SCRIPTS))
}
