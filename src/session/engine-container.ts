import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { logExcerpt } from "../engine/bare/instance/log-excerpt.js"
import { ENGINE_VERSION } from "../engine/bare/state/version.js"
import { attempt } from "../host/exec.js"

/** As Dagger's client names it. */
const CONTAINER = `dagger-engine-${ENGINE_VERSION}`

const PAUSE_MILLISECONDS = 1000
const ANSWER_MILLISECONDS = 10_000
const LOG_LINES = 15
/** Of which the excerpt is made. */
const READ_LINES = 500

/** Once can be a race with another start, and the container engine waits longer before each further one. */
const RESTARTS = 2
/** A slow machine takes some seconds from a container's creation to its start. */
const STILL_LOOKS = 30

const stateSchema = z.object({
  Status: z.string(),
  ExitCode: z.number(),
  /** Why it could not be started. */
  Error: z.string().optional(),
  Restarts: z.number(),
})
export type ContainerState = z.infer<typeof stateSchema>

const FORMAT =
  '{"Status":{{json .State.Status}},"ExitCode":{{json .State.ExitCode}},"Error":{{json .State.Error}},"Restarts":{{json .RestartCount}}}'

/**
 * What is wrong with the engine's container, in the words that follow its name.
 *
 * @param looks all states that it was seen in, the last one last; undefined before it existed
 * @returns undefined for one that runs, or that may still be started
 */
export function whyNotRunning(looks: readonly (ContainerState | undefined)[]): string | undefined {
  const now = looks.at(-1)
  if (!now) return undefined
  const code = `with exit code ${String(now.ExitCode)}`
  // Docker restarts a container that an earlier run has left as soon as Docker itself starts.
  const restarts = now.Restarts - (looks.find((look) => look !== undefined)?.Restarts ?? 0)
  if (restarts >= RESTARTS) return `keeps ending and being started again, the last time ${code}`
  if (now.Status === "running" || now.Status === "restarting") return undefined
  if (now.Status === "created" && now.Error) return `cannot be started: ${now.Error.trim().replace(/\.$/, "")}`
  const still = looks.slice(-STILL_LOOKS)
  if (still.length < STILL_LOOKS || still.some((look) => look?.Status !== now.Status)) return undefined
  return now.Status === "created" ? "was created, but not started" : `does not run: it ended ${code}`
}

/**
 * Looks at the container that Dagger's client starts an engine in, while it connects: for five minutes, it would try to reach an engine that has
 * ended, and say nothing.
 *
 * @param stop ends it
 * @returns the error for an engine that does not run, or undefined when it was stopped
 */
export async function watchEngineContainer(
  program: "docker" | "podman",
  stop: AbortSignal,
): Promise<RunnerImagesError | undefined> {
  const looks: (ContainerState | undefined)[] = []
  while (!stop.aborted) {
    looks.push(await look(program))
    const why = whyNotRunning(looks)
    if (why !== undefined) return notRunning(program, why)
    await sleep(PAUSE_MILLISECONDS, undefined, { signal: stop }).catch(() => undefined)
  }
  return undefined
}

async function look(program: string): Promise<ContainerState | undefined> {
  const { exitCode, stdout } = await attempt(program, ["container", "inspect", "--format", FORMAT, CONTAINER], {
    timeout: ANSWER_MILLISECONDS,
  })
  return exitCode === 0 ? stateSchema.safeParse(parse(stdout)).data : undefined
}

/** Other versions of podman may answer anything. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function notRunning(program: string, why: string): Promise<RunnerImagesError> {
  const { stdout, stderr } = await attempt(program, ["logs", "--tail", String(READ_LINES), CONTAINER], {
    timeout: ANSWER_MILLISECONDS,
  })
  const log = logExcerpt([stdout, stderr].filter((text) => text.trim() !== "").join("\n"), LOG_LINES)
  return new RunnerImagesError(
    "ENGINE_START",
    `The Dagger engine's container ${CONTAINER} ${why}.`,
    `Its log: ${program} logs ${CONTAINER}. Remove it before the next try: ${program} rm --force --volumes ${CONTAINER}`,
    { details: (log || "(its log is empty)").split("\n") },
  )
}
