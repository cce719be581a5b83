import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import type { Readable, Writable } from "node:stream"
import { RuntimeFailure } from "../failure.js"
import { failureFrom } from "../failure-message.js"
import { type OwnProgram, ownProgram } from "../processes/own-program.js"
import { FINISHING } from "../runner/config-program.js"
import { readLines } from "../runner/lines.js"
import { untilAborted } from "../until-aborted.js"
import type { Answer, OperationName, Operations, Question } from "./operation.js"
import { WORKER_VARIABLE } from "./worker-variable.js"

/** How long an operation that is withdrawn may take to end, in milliseconds: a registration is finished first. */
const WITHDRAWN = FINISHING + 4000

/** A process for operations, one at a time. It starts when it is made, and ends with `end`, with a withdrawn question, or with us. */
export class WorkerProcess {
  readonly #child: ChildProcess
  readonly #questions: Writable
  readonly #ended: Promise<unknown>
  #waiting: ((answer: Answer) => void) | undefined

  /** @param program tests have it somewhere else */
  constructor({ command, args }: OwnProgram = ownProgram({ small: false })) {
    // In a session of its own: a terminal's signals are for the supervisor, which decides.
    this.#child = spawn(command, args, {
      env: { PATH: process.env.PATH, LANG: "C.UTF-8", [WORKER_VARIABLE]: "1" },
      stdio: ["pipe", "inherit", "inherit", "pipe"],
      detached: true,
    })
    this.#ended = once(this.#child, "close").catch(() => undefined)
    this.#questions = this.#child.stdio[0] as Writable
    // That the process ended is noticed by its `close` event.
    this.#questions.on("error", () => undefined)
    readLines(this.#child.stdio[3] as Readable, (line) => this.#waiting?.(JSON.parse(line.toString("utf8")) as Answer))
  }

  /**
   * @throws {RuntimeFailure} as the operation
   * @throws the signal's reason when aborted, once the operation has ended
   */
  async ask<Name extends OperationName>(
    name: Name,
    input: Operations[Name]["input"],
    signal?: AbortSignal,
  ): Promise<Operations[Name]["output"]> {
    signal?.throwIfAborted()
    const answered = new Promise<Answer>((resolve) => (this.#waiting = resolve))
    this.#questions.write(`${JSON.stringify({ name, input } satisfies Question)}\n`)
    const answer = await Promise.race([answered, this.#ended.then(() => undefined), untilAborted(signal)])
    if (signal?.aborted) {
      await this.end()
      signal.throwIfAborted()
    }
    if (!answer)
      throw new RuntimeFailure(
        "UNCLASSIFIED",
        `a process for "${name}" ended without an answer`,
        "It may have run out of memory.",
      )
    if ("output" in answer) return answer.output as Operations[Name]["output"]
    throw failureFrom(answer.failure)
  }

  /** Ends the process, and waits for that. */
  async end(): Promise<void> {
    this.#questions.end()
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), WITHDRAWN)
    await this.#ended
    clearTimeout(timer)
  }
}

/** Performs one operation in a process of its own. Throws as WorkerProcess.ask. */
export async function performInWorker<Name extends OperationName>(
  name: Name,
  input: Operations[Name]["input"],
  signal?: AbortSignal,
): Promise<Operations[Name]["output"]> {
  const worker = new WorkerProcess()
  try {
    return await worker.ask(name, input, signal)
  } finally {
    await worker.end()
  }
}
