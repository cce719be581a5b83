import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { versionAt } from "../../engine/bare/instance/known.js"
import { ENGINE_VERSION } from "../../engine/bare/state/version.js"
import { CLI_BIN, RUNNER_HOST, type FoundEngine } from "../../engine/find.js"
import { attempt } from "../../host/exec.js"
import { requireReachable } from "../../session/reachable.js"
import type { Examination, World } from "../examination/examination.js"
import { failure, ok, problem, skipped, warning, type Finding } from "../examination/finding.js"

const CHECK = "engine"

/** The engine that builds here use, by which way it was found, and its version. */
export async function checkEngine(examination: Examination): Promise<Finding> {
  const search = await examination.search()
  switch (search.kind) {
    case "startable":
      return ok(CHECK, `none runs; a build starts the bare engine ${ENGINE_VERSION}`)
    case "none":
      return skipped(CHECK, "none: Docker or podman would have to run, or the bare engine, see above")
    case "broken":
      return failure(CHECK, search.why)
    case "found":
      return search.engine.kind === "environment"
        ? named(search.engine.env[RUNNER_HOST] ?? "", search.engine, examination.world)
        : ok(CHECK, `${textOf(search.engine)}, because ${search.engine.reason}`)
  }
}

function textOf({ kind }: FoundEngine): string {
  return kind === "bare" ? `the bare engine ${ENGINE_VERSION}` : `Dagger's ${ENGINE_VERSION} in ${kind}`
}

/** The engine that the environment names, and the client that it names with it. */
async function named(address: string, { env }: FoundEngine, world: World): Promise<Finding> {
  try {
    await requireReachable(address, world.patience)
  } catch (error) {
    if (!(error instanceof RunnerImagesError)) throw error
    return failure(CHECK, error)
  }
  const where = `${address}, which ${RUNNER_HOST} names`
  const version = versionAt(address) ?? /:(v\d[\w.-]*)$|-(v\d+\.\d+\.\d+)$/.exec(address)?.slice(1).find(Boolean)
  if (version !== undefined && version !== ENGINE_VERSION)
    return warning(
      CHECK,
      `${where}, is ${version}, and this program speaks to ${ENGINE_VERSION}`,
      `start an engine ${ENGINE_VERSION}, or let this program find one: unset ${RUNNER_HOST} ${CLI_BIN}`,
    )
  const cli = env[CLI_BIN]
  const client = cli === undefined ? undefined : await clientVersion(cli, world)
  if (client === "absent")
    return problem(
      CHECK,
      `${cli ?? ""}, which ${CLI_BIN} names, cannot be run`,
      `unset ${CLI_BIN}`,
      "ENGINE_UNAVAILABLE",
    )
  if (client !== undefined && client !== ENGINE_VERSION)
    return warning(
      CHECK,
      `${cli ?? ""}, which ${CLI_BIN} names, is ${client}, and this program speaks ${ENGINE_VERSION}`,
      `unset ${CLI_BIN}`,
    )
  return ok(CHECK, `${where}, answers${version === undefined ? "" : `; it is ${version}`}`)
}

/** @returns undefined if the program does not say it */
async function clientVersion(cli: string, { env, patience }: World): Promise<string | undefined> {
  const { exitCode, stdout } = await attempt(cli, ["version"], { env, cleanEnv: true, timeout: patience })
  if (exitCode !== 0) return "absent"
  return /\bv\d+\.\d+\.\d+\S*/.exec(stdout)?.[0]
}
