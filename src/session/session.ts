import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { withBaseDigests } from "../../dagger/src/pipeline/engine/base-digests.js"
import { Progress } from "../../dagger/src/core/progress/progress.js"
import { homeFolder } from "../host/paths.js"
import { engineEnd } from "../engine/bare/instance/known.js"
import { findEngine, type FoundEngine } from "../engine/find.js"
import type { Terminal } from "../output/terminal.js"
import { Interrupted, type Interrupts } from "./interrupt.js"
import { watchEngineContainer } from "./engine-container.js"
import { SessionLog } from "./log.js"
import { killSessions } from "./processes.js"
import { requireReachable } from "./reachable.js"
import { StepRecorder } from "./steps.js"

export interface SessionOptions {
  /** Whether the bare engine may be started on this host. */
  bareEngine: boolean
  terminal: Terminal
  interrupts: Interrupts
}

export interface Session {
  engine: FoundEngine
  progress: Progress
}

const RUNNER_HOST = "_EXPERIMENTAL_DAGGER_RUNNER_HOST"

/**
 * Finds or starts an engine, opens a session with it and does the work in it. The global client `dag` is connected while the
 * work runs. Dagger's own log goes to a file.
 *
 * @throws RunnerImagesError with the step and platform that failed; Interrupted when the user stopped it
 */
export async function inSession<T>(options: SessionOptions, work: (session: Session) => Promise<T>): Promise<T> {
  const { terminal, interrupts } = options
  // First: starting an engine takes minutes, which are wasted if this fails.
  const log = new SessionLog()
  const engine = await findEngine({ bareEngine: options.bareEngine, log: (line) => terminal.note(line) })
  terminal.note(`Engine: ${engine.kind}, ${engine.reason}`)
  const address = engine.env[RUNNER_HOST]
  if (address !== undefined) await requireReachable(address)
  // Dagger's client and its session process would otherwise use the current folder as their home.
  const home = homeFolder()
  Object.assign(process.env, home === undefined ? {} : { HOME: home }, engine.env)

  // Loaded late: Dagger's client takes longer to load than all checks of the command line take together.
  const { connection } = await import("@dagger.io/dagger")
  const { explain, explainConnection, explainLoss } = await import("./explain.js")
  const steps = new StepRecorder(terminal)
  let outcome: { value: T } | { error: unknown } | undefined
  const connecting = performance.now()
  const watch = new AbortController()
  const watching = engine.kind === "docker" || engine.kind === "podman" ? engine.kind : undefined
  const dead = watching && watchEngineContainer(watching, watch.signal)
  // Dagger's client gives up once its session process has ended.
  void dead?.then((error) => {
    if (error) killSessions()
  })
  const connected = (error?: unknown): void => {
    watch.abort()
    terminal.ended("all platforms", "connect", (performance.now() - connecting) / 1000, error)
  }
  terminal.started("all platforms", "connect")
  try {
    await connection(
      async () => {
        connected()
        // Kept here, because connection() wraps what its function throws and loses the details of Dagger's errors. Async, because
        // some work fails before its first promise.
        outcome = await interrupts
          .guard(withBaseDigests(engine.baseDigests ?? {}, async () => work({ engine, progress: new Progress(steps) })))
          .then((value) => ({ value }))
          .catch((error: unknown) => ({ error }))
      },
      { LogOutput: log.stream },
    )
  } catch (error) {
    // Once the work is done, only closing the session can still fail.
    if (outcome === undefined) {
      watch.abort()
      throw (await dead) ?? explainConnection(error, engine.kind, log)
    }
    terminal.note(`The session did not end cleanly: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (outcome === undefined)
    throw new RunnerImagesError("ENGINE_UNAVAILABLE", "The session ended before the work began.", `See ${log.path}.`)
  if ("value" in outcome) return outcome.value
  if (outcome.error instanceof Interrupted) throw outcome.error
  const step = steps.of(outcome.error)
  const end = address === undefined ? undefined : engineEnd(address)
  if (end !== undefined || interrupts.sessionLost) throw explainLoss(outcome.error, step, end, log)
  throw explain(outcome.error, step, log.path)
}
