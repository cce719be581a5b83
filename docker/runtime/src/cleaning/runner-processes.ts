import { readFileSync } from "node:fs"
import { type Environment, parseEnvironment } from "../environment.js"
import { ancestorsOf, isOwnProgram } from "../processes/ancestors.js"

/** The runner that started this process, in a hook. */
export interface RunnerProcesses {
  readonly init: number
  readonly supervisor: number
  /** What the supervisor started: run.sh. */
  readonly runner: number
  /** This process, and all that it was started by up to the init process. */
  readonly all: ReadonlySet<number>
}

/**
 * The processes above this one.
 *
 * @returns undefined if no supervisor is among them
 */
export function runnerProcesses(self = process.pid): RunnerProcesses | undefined {
  const above = ancestorsOf(self)
  // The last two: a job can give its processes any name, but put none above the supervisor.
  const [supervisor, init] = above.filter(isOwnProgram).slice(-2)
  if (supervisor === undefined || init === undefined) return undefined
  const runner = above[above.indexOf(supervisor) - 1]
  return runner === undefined ? undefined : { init, supervisor, runner, all: new Set([self, ...above]) }
}

/** The environment that the supervisor started the runner with. A job can change that of its later steps and hooks, but not this one. */
export function environmentOf({ runner }: RunnerProcesses): Environment {
  return parseEnvironment(readFileSync(`/proc/${String(runner)}/environ`, "utf8"))
}
