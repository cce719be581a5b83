import type { HostInputs } from "../../dagger/src/core/inputs/inputs.js"
import { findEngine, realProbes, type FoundEngine } from "./find.js"
import { checkHost, hostFacts } from "./bare/host/host.js"
import { ENGINE_VERSION } from "./bare/state/version.js"
import { runningEngine } from "./bare/up.js"

/** Ends the search where an engine would have to be started. */
class NotRunning extends Error {}

/**
 * The engine that a build would use, if that is known without starting one or opening a session.
 *
 * @returns undefined also if something is wrong with it, which the build then reports
 */
export async function runningFoundEngine(): Promise<FoundEngine | undefined> {
  const bare = async () => {
    const running = await runningEngine(undefined, checkHost(hostFacts(process.env)), undefined)
    if (!running) throw new NotRunning()
    return running
  }
  try {
    return await findEngine(
      { bareEngine: true, log: () => undefined },
      { ...realProbes, imageCli: () => Promise.resolve(undefined), bare },
    )
  } catch {
    return undefined
  }
}

/** What an engine contributes to an image. A bare engine is the same whether the search or the environment leads to it. */
export function engineInputs(engine: FoundEngine): Pick<HostInputs, "engine" | "bases"> {
  const { kind, version, baseDigests, env } = engine
  if (baseDigests) return { engine: { kind: "bare", version: ENGINE_VERSION }, bases: baseDigests }
  const address = env["_EXPERIMENTAL_DAGGER_RUNNER_HOST"]
  // Docker and podman run an engine of the client's version.
  const named = kind === "environment" ? { kind, address } : { kind, version }
  return { engine: { ...named, client: ENGINE_VERSION }, bases: undefined }
}
