/** What a failure is called, and the exit code that it ends the container with. docs/RUNTIME.md lists them. */
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

/** What each code says, for the reference. */
export const FAILURE_MEANINGS: Readonly<Record<FailureCode, string>> = {
  UNCLASSIFIED: "something else, which the message says",
  REGISTRATION: "the runner could not be registered",
  TOKEN_INVALID: "a token, or the App, is not accepted, or may not do what is asked of it",
  NOT_FOUND: "the repository, organisation, enterprise or installation does not exist, or the token may not see it",
  NETWORK: "the server was not reached, or was not well, for longer than is waited",
  VERSION_REFUSED: "GitHub refuses this version of the runner; take a newer image",
  CONFIGURATION: "variables, files or arguments are wrong; all errors are listed",
}

/** Something that whoever runs the container can put right. */
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

/** What a person gets to read, without a stack trace: `error: PROBLEM [CODE]`, the problem's further lines if it has some, and the remedy. */
export function failureText({ message, code, remedy }: RuntimeFailure): string {
  const [first = "", ...others] = message.split("\n")
  return [`error: ${first} [${code}]`, ...others, remedy, ""].join("\n")
}
