import { createInterface } from "node:readline"
import { createWriteStream } from "node:fs"
import { failureMessage } from "../failure-message.js"
import type { Answer, Question } from "./operation.js"
import { PERFORM } from "./perform.js"

/** The file descriptor that answers go to. Standard output is for people. */
export const ANSWERS = 3

/**
 * Answers questions from standard input, one after the other, until standard input ends. If that is in the middle of one, because the other
 * process gave up or is gone, the operation is aborted.
 */
export async function serve(): Promise<void> {
  const gone = new AbortController()
  const answers = createWriteStream("", { fd: ANSWERS })
  answers.on("error", () => gone.abort())
  const lines = createInterface({ input: process.stdin })
  lines.once("close", () => gone.abort(new Error("the question was withdrawn")))
  let last: Promise<void> = Promise.resolve()
  lines.on("line", (line) => {
    last = last.then(async () => {
      const answer = await answerTo(JSON.parse(line) as Question, gone.signal)
      if (!gone.signal.aborted) answers.write(`${JSON.stringify(answer)}\n`)
    })
  })
  await new Promise((resolve) => gone.signal.addEventListener("abort", resolve, { once: true }))
  await last
}

async function answerTo({ name, input }: Question, signal: AbortSignal): Promise<Answer> {
  // The other side is this same program, which has the types checked.
  const perform = PERFORM[name] as (input: unknown, signal: AbortSignal) => Promise<unknown>
  try {
    return { output: await perform(input, signal) }
  } catch (error) {
    return { failure: failureMessage(error) }
  }
}
