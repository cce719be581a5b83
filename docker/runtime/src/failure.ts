import { printable } from "./files/printable.js"

/** The name of each failure, and the exit code of the container. docs/RUNTIME.md lists them. */
export const EXIT_CODES = {
  UNCLASSIFIED: 1,
  REGISTRATION: 2,
  TOKEN_INVALID: 3,
  NOT_FOUND: 4,
  NETWORK: 5,
  VERSION_REFUSED: 7,
  CONFIGURATION: 10,
} as const

export type FailureCode = keyof typeof EXIT_CODES

/** What each code means, for the reference. */
export const FAILURE_MEANINGS: Readonly<Record<FailureCode, string>> = {
  UNCLASSIFIED: "any other error; the message describes it",
  REGISTRATION: "the runner could not be registered",
  TOKEN_INVALID: "GitHub rejects the token or the App, or it lacks a permission",
  NOT_FOUND:
    "the repository, organisation, enterprise or installation does not exist, or the token has no access to it",
  NETWORK: "the server was unreachable or failing for longer than the container waits",
  VERSION_REFUSED: "GitHub refuses this version of the runner; use a newer image",
  CONFIGURATION: "variables, files or arguments are invalid; all errors are listed",
}

/** An error that the person who runs the container can fix. */
export class RuntimeFailure extends Error {
  override readonly name = "RuntimeFailure"

  constructor(
    readonly code: FailureCode,
    problem: string,
    /** What to do about it: a sentence or two. */
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(problem, options)
  }

  get exitCode(): number {
    return EXIT_CODES[this.code]
  }
}

/** The text for a person, without a stack trace: `error: PROBLEM [CODE]`, the problem's further lines if there are any, and the remedy. */
export function failureText({ message, code, remedy }: RuntimeFailure): string {
  // It may quote a variable, or what a server said.
  const [first = "", ...others] = message.split("\n").map((line) => printable(line))
  return [`error: ${first} [${code}]`, ...others, printable(remedy), ""].join("\n")
}
