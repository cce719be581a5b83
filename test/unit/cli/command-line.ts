import { execa } from "execa"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { fileURLToPath } from "node:url"
import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { runCommandLine } from "../../../src/commands/parser.js"
import { failureText } from "../../../src/output/failure.js"
import { PlainTerminal } from "../../../src/output/plain.js"
import { Interrupts } from "../../../src/session/interrupt.js"

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url))
const TSX = join(ROOT, "node_modules/tsx/dist/esm/index.mjs")
/** Where the command runs: relative paths in messages are relative to it. */
export const WORK = mkdtempSync(join(tmpdir(), "runner-images-cli-"))
process.on("exit", () => {
  rmSync(WORK, { recursive: true, force: true })
})

/** An engine that does not exist, and no folder for what runs keep but what HOME says. */
export const cacheless = { _EXPERIMENTAL_DAGGER_RUNNER_HOST: `unix://${WORK}/no-engine.sock`, XDG_CACHE_HOME: "" }

/**
 * Runs the real program. The engine it is told of does not exist, so that looking for one would show in the answer.
 *
 * @returns exit code and both streams, with the names of temporary folders replaced
 */
export async function commandLine(
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
  const { exitCode, stdout, stderr } = await execa("node", ["--import", TSX, join(ROOT, "src/cli.ts"), ...words], {
    cwd: WORK,
    reject: false,
    stdin: "ignore",
    env: {
      _EXPERIMENTAL_DAGGER_RUNNER_HOST: `unix://${WORK}/no-engine.sock`,
      XDG_CACHE_HOME: join(WORK, "cache"),
      TSX_TSCONFIG_PATH: join(ROOT, "tsconfig.json"),
      ...env,
    },
  })
  return { exitCode, stdout: clean(stdout), stderr: clean(stderr) }
}

/**
 * Parses and handles a command line in this process, which takes a hundredth of the time, and gives what would have been
 * written to standard error. Only for command lines that are refused before anything is started.
 */
export async function refusal(...words: string[]): Promise<string> {
  const terminal = new PlainTerminal(new PassThrough())
  const interrupts = new Interrupts(() => undefined)
  try {
    await runCommandLine(words, { terminal, interrupts, answer: () => undefined })
  } catch (error) {
    if (error instanceof RunnerImagesError) return clean(`${String(error.exitCode)}\n${failureText(error)}`)
    throw error
  } finally {
    terminal.close()
  }
  throw new Error(`${words.join(" ")} was not refused`)
}

/** What `runner-images COMMAND --help` prints, made in this process. */
export async function help(command: string): Promise<string> {
  const terminal = new PlainTerminal(new PassThrough())
  let text = ""
  const answer = (output: string): void => {
    text = output
  }
  const words = [...command.split(" ").filter(Boolean), "--help"]
  await runCommandLine(words, { terminal, interrupts: new Interrupts(() => undefined), answer })
  terminal.close()
  return text
}

const clean = (text: string) => text.replaceAll(WORK, "<work>").replaceAll(ROOT, "<root>/")

/** What a user sees of a run that failed: the exit code, then standard error. Standard output has to be empty. */
export async function failure(words: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await commandLine(words, env)
  if (stdout !== "") throw new Error(`standard output is not empty: ${stdout}`)
  return `${String(exitCode)}\n${stderr}`
}
