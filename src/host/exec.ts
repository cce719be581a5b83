import { execa } from "execa"

export interface ExecOptions {
  cwd?: string
  /** Added to the environment, or in place of it with `cleanEnv`. */
  env?: Readonly<Record<string, string | undefined>>
  cleanEnv?: boolean
  input?: string
  /** Milliseconds after which the command is killed. */
  timeout?: number
  /** A file that also receives the command's output, for reading about a failure later. */
  logFile?: string
}

export interface ExecResult {
  exitCode: number
  stdout: string
  stderr: string
  timedOut: boolean
}

/** An external command that failed. Its message is the command's own output, trimmed. */
export class ExecError extends Error {
  override readonly name = "ExecError"

  constructor(
    /** The command as a person would type it. */
    readonly command: string,
    readonly exitCode: number | undefined,
    readonly output: string,
  ) {
    super(
      output === ""
        ? `${command} ended with ${exitCode === undefined ? "a signal" : `exit code ${exitCode}`}`
        : lastLines(output),
    )
  }
}

/** Runs a command and returns its standard output without the final newline. Throws ExecError unless it exits with 0. */
export async function exec(command: string, args: readonly string[], options: ExecOptions = {}): Promise<string> {
  const result = await attempt(command, args, options)
  if (result.exitCode === 0) return result.stdout
  throw new ExecError(
    [command, ...args].join(" "),
    result.exitCode < 0 ? undefined : result.exitCode,
    (result.stderr.trim() || result.stdout.trim()).trim(),
  )
}

/** Runs a command whose failure is a valid result. `exitCode` is -1 when it could not be started or died of a signal. */
export async function attempt(
  command: string,
  args: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const sink = options.logFile === undefined ? "pipe" : (["pipe", { file: options.logFile, append: true }] as const)
  const result = await execa(command, args, {
    reject: false,
    stripFinalNewline: true,
    stdin: options.input === undefined ? "ignore" : "pipe",
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
    ...(options.env === undefined ? {} : { env: options.env }),
    extendEnv: !options.cleanEnv,
    stdout: sink,
    stderr: sink,
  })
  const stderr = textOf(result.stderr)
  return {
    exitCode: result.exitCode ?? -1,
    stdout: textOf(result.stdout),
    timedOut: result.timedOut,
    stderr: stderr === "" && result.exitCode === undefined ? (result.originalMessage ?? "") : stderr,
  }
}

function textOf(output: unknown): string {
  return typeof output === "string" ? output : ""
}

/** The lines that a tool marks as errors, else the end of its output: enough to understand, short enough for one message. */
export function lastLines(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "")
  const errors = lines.filter((line) => /^(E|error|fatal|go): /i.test(line))
  return (errors.length > 0 ? errors : lines).slice(-8).join("\n")
}
