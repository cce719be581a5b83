import { connect } from "node:net"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { engineEnd } from "../engine/bare/instance/known.js"

const TIMEOUT_MILLISECONDS = 10_000

/**
 * Connects to an engine's address, since Dagger itself would retry for minutes. Only addresses that a socket can connect to
 * are tried; those that start or tunnel to an engine (docker-image://, kube-pod:// …) are left to Dagger.
 *
 * @throws RunnerImagesError ENGINE_UNAVAILABLE when nothing answers
 */
export async function requireReachable(address: string, milliseconds = TIMEOUT_MILLISECONDS): Promise<void> {
  const target = targetOf(address)
  if (!target) return
  const problem = await new Promise<string | undefined>((resolve) => {
    const socket = connect(target)
    const done = (outcome?: string): void => {
      socket.destroy()
      resolve(outcome)
    }
    socket.setTimeout(milliseconds, () => {
      done(`no answer within ${milliseconds / 1000} seconds`)
    })
    socket.once("connect", () => {
      done()
    })
    socket.once("error", (error) => {
      done(error.message)
    })
  })
  if (problem === undefined) return
  const end = engineEnd(address)
  if (end !== undefined)
    throw new RunnerImagesError(
      "ENGINE_UNAVAILABLE",
      `No Dagger engine answers at ${address}: ${problem}. ${end.problem}`,
      "runner-images engine logs shows the whole log, and engine up starts it again.",
      { details: end.log },
    )
  throw new RunnerImagesError(
    "ENGINE_UNAVAILABLE",
    `No Dagger engine answers at ${address}: ${problem}.`,
    "Start that engine, or unset _EXPERIMENTAL_DAGGER_RUNNER_HOST to let runner-images find one.",
  )
}

function targetOf(address: string): { path: string } | { host: string; port: number } | undefined {
  const path = /^unix:\/\/(.+)$/.exec(address)?.[1]
  if (path !== undefined) return { path }
  const [, host, port] = /^tcp:\/\/(\[[^\]]+\]|[^:/]+):(\d+)$/.exec(address) ?? []
  if (host === undefined || port === undefined) return undefined
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) }
}
