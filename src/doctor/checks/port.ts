import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { listens } from "../../engine/bare/host/network.js"
import { portTaken } from "../../engine/bare/instance/registry.js"
import { readHostState } from "../../engine/bare/state/host-state.js"
import { readRecord } from "../../engine/bare/state/record.js"
import { locate, wantedPort } from "../../engine/bare/up.js"
import type { Examination } from "../examination/examination.js"
import { failure, ok, skipped, type Finding } from "../examination/finding.js"

const CHECK = "registry port"
/** The default of `engine up`. */
const DEFAULT_PORT = 5000

/** The port of the bare engine's registry. */
export async function checkPort(examination: Examination): Promise<Finding> {
  const { env } = examination.world
  const search = await examination.search()
  if (search.kind === "found" && !search.bare) return skipped(CHECK, "only the bare engine has a registry of its own")
  try {
    const port = wantedPort(undefined, env) ?? readRecord(locate(undefined, env).folder)?.registryPort ?? DEFAULT_PORT
    // The search has compared the process that listens there with the record.
    if (search.kind === "found") return ok(CHECK, `127.0.0.1:${port}, where its registry listens`)
    if (search.kind === "broken") return skipped(CHECK, "see engine")
    // Of another state folder, or of another name.
    const instance = Object.values(readHostState().instances).find(({ registryPort }) => registryPort === port)
    if (instance) return failure(CHECK, portTaken(port, instance.record))
    return (await listens(port)) ? failure(CHECK, portTaken(port)) : ok(CHECK, `127.0.0.1:${port} is free`)
  } catch (error) {
    if (!(error instanceof RunnerImagesError)) throw error
    return failure(CHECK, error)
  }
}
