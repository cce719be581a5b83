import { EXIT, RunnerImagesError } from "../dagger/src/core/errors.js"
import { runCommandLine } from "./commands/parser.js"
import { failureAnswer, failureText } from "./output/failure.js"
import { openTerminal } from "./output/open-terminal.js"
import { watchStandardOutput } from "./output/standard-output.js"
import { Interrupted, Interrupts } from "./session/interrupt.js"
import { killSessions } from "./session/processes.js"

/** A session that has not ended by itself after this time is killed. */
const END_MILLISECONDS = 30_000

async function main(argv: readonly string[]): Promise<number> {
  const terminal = await openTerminal()
  const interrupts = new Interrupts((line) => {
    terminal.note(line)
  })
  interrupts.listen()
  const context = {
    terminal,
    interrupts,
    answer: (text: string) => {
      process.stdout.write(`${text}\n`)
    },
  }
  try {
    await runCommandLine(argv, context)
    return EXIT.ok
  } catch (error) {
    terminal.close()
    if (error instanceof Interrupted) {
      process.stderr.write(interrupts.lastWords())
      return error.exitCode
    }
    if (error instanceof RunnerImagesError) {
      printError(error)
      return error.exitCode
    }
    // Not the user's mistake: whoever fixes it needs the stack.
    process.stderr.write(`error: runner-images itself failed, please report it: ${stackOf(error)}\n`)
    return EXIT.buildFailed
  } finally {
    terminal.close()
  }
}

function printError(error: RunnerImagesError): void {
  // The command line may not have been parsed, so the arguments are read directly.
  const json = process.argv.includes("--json")
  process.stderr.write(`${json ? JSON.stringify(failureAnswer(error)) : failureText(error)}\n`)
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

let unwritten: RunnerImagesError | undefined
watchStandardOutput(process.stdout, (error) => {
  unwritten = error
  printError(error)
  // The failure may surface only after everything is done.
  process.exitCode ||= error.exitCode
})
// If standard error is closed, only the exit code can report a failure.
process.stderr.on("error", () => undefined)

const code = await main(process.argv.slice(2))
// The process ends when nothing is left to run, the Dagger session's process included, so that none is left behind.
process.exitCode = code === EXIT.ok ? (unwritten?.exitCode ?? code) : code
setTimeout(() => {
  killSessions()
  process.exit()
}, END_MILLISECONDS).unref()
