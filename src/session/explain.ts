import { ExecError, GraphQLRequestError } from "@dagger.io/dagger"
import { RunnerImagesError, type ErrorCode } from "../../dagger/src/core/errors.js"
import { DetailedError } from "../output/failure.js"
import type { EngineEnd } from "../engine/bare/instance/known.js"
import type { SessionLog } from "./log.js"
import type { FailedStep } from "./steps.js"

/** Lines of a failed command's output that the message includes. */
const TAIL_LINES = 15
/** Network failures are recognised by the last lines of a program's output. */
const TELLING_LINES = 6

/**
 * What tools and the engine print when the build itself is not at fault: apt, curl, Go programs, npm, glibc's resolver.
 * Matched against the end of the output. Anything else counts as a failed build.
 */
const CONDITIONS: readonly { code: ErrorCode; said: RegExp; remedy: string }[] = [
  {
    code: "AUTHENTICATION",
    said: /\b401 Unauthorized\b|unauthorized: |authentication required|denied: requested access|invalid username\/password/i,
    remedy: "Check the credentials, and that they may read or write this repository.",
  },
  {
    code: "NETWORK_FAILED",
    said: /Temporary failure (?:in name resolution|resolving)|Could not resolve host|no such host|Network is unreachable|network is unreachable|connect: connection refused|Failed to connect to|i\/o timeout|TLS handshake timeout|Connection timed out|EAI_AGAIN|ENOTFOUND|ETIMEDOUT/,
    remedy:
      "Check this host's network, proxy and name resolution, then run the same command again: finished steps are kept.",
  },
]

/**
 * Turns what Dagger throws into an error with a code, the step and platform that failed, and the end of the failed command's
 * output. Errors that are already explained, and this program's own, are returned unchanged.
 *
 * @param logFile Dagger's own log, which the message points to
 */
export function explain(error: unknown, step: FailedStep | undefined, logFile: string): unknown {
  if (error instanceof RunnerImagesError) return error
  const where = step ? `The step "${step.step}" for ${step.scope} failed` : "The build failed"
  const log = `Dagger's full log is in ${logFile}.`
  if (error instanceof ExecError) {
    const said = tail(error.stderr.trim() === "" ? error.stdout : error.stderr, TAIL_LINES)
    const condition = conditionOf(said)
    return new DetailedError(
      condition?.code ?? "BUILD_FAILED",
      `${where}: ${shortCommand(error.cmd)} ended with exit code ${error.exitCode}.`,
      condition ? `${condition.remedy} ${log}` : log,
      said,
      { cause: error },
    )
  }
  if (error instanceof GraphQLRequestError) {
    const said = tail(error.message, TAIL_LINES)
    const condition = conditionOf(said)
    return new DetailedError(
      condition?.code ?? "BUILD_FAILED",
      `${where}.`,
      condition ? `${condition.remedy} ${log}` : log,
      said,
      { cause: error },
    )
  }
  return error
}

/** The engine was found, but no session with it could be opened. */
export function explainConnection(error: unknown, engine: string, log: SessionLog): RunnerImagesError {
  const lines = log.tail(TAIL_LINES)
  return new DetailedError(
    "ENGINE_UNAVAILABLE",
    `No session could be opened with the Dagger engine (${engine}).`,
    `Dagger's full log is in ${log.path}.`,
    lines.length > 0 ? lines : tail(error instanceof Error ? error.message : String(error), TAIL_LINES),
    { cause: error },
  )
}

/**
 * The engine, or the session with it, ended while the work was being done. What Dagger's client says of that is nothing but "API Error".
 *
 * @param end how a bare engine of this machine ended; undefined for other engines, and for one that runs again
 */
export function explainLoss(
  error: unknown,
  step: FailedStep | undefined,
  end: EngineEnd | undefined,
  log: SessionLog,
): RunnerImagesError {
  if (error instanceof RunnerImagesError) return error
  const during = step ? `during the step "${step.step}" for ${step.scope}` : "during the work"
  const again = "Run the same command again: finished steps are kept."
  const problem = end?.problem ?? "The session with it has ended."
  return new DetailedError(
    "ENGINE_LOST",
    `The Dagger engine was lost ${during}. ${problem}`,
    end === undefined
      ? `${again} Dagger's full log is in ${log.path}.`
      : `${again} runner-images engine logs shows the engine's whole log, and engine up starts it.`,
    end?.log ?? log.tail(TAIL_LINES),
    { cause: error },
  )
}

function conditionOf(said: readonly string[]): (typeof CONDITIONS)[number] | undefined {
  const last = said.slice(-TELLING_LINES).join("\n")
  return CONDITIONS.find((condition) => condition.said.test(last))
}

/** Scripts are passed as one long argument: its first line names it. */
function shortCommand(command: readonly string[]): string {
  const words = command.map((word) => {
    const [first = "", ...rest] = word.split("\n")
    return rest.length > 0 ? `${first} …` : first
  })
  const line = words.join(" ")
  return line.length > 120 ? `${line.slice(0, 119)}…` : line
}

function tail(text: string, lines: number): string[] {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .slice(-lines)
}
