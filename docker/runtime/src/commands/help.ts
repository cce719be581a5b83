import { variable } from "../configuration/variables.js"
import { EXIT_CODES, FAILURE_MEANINGS } from "../failure.js"
import { aligned } from "./aligned.js"

const COMMANDS = [
  ["run", "register a runner and let it take jobs; the default"],
  ["broker", "hold the credential for runners in other containers, which set BROKER_URL instead"],
  ["doctor [--json]", "check configuration, network, credentials and machine, without registering"],
  ["health", "report whether the runner in this container is healthy; the image's health check"],
  ["--version [--json]", "print the versions of the image, its runner and its tools"],
  ["--help", "print this help"],
]

/** The settings that most people need; docs/RUNTIME.md lists all of them. */
const SETTINGS = [
  "REPO_URL",
  "GITHUB_REPOSITORY",
  "ORG_NAME",
  "ENTERPRISE_NAME",
  "ACCESS_TOKEN",
  "APP_ID",
  "APP_PRIVATE_KEY",
  "RUNNER_TOKEN",
  "ACTIONS_RUNNER_INPUT_JITCONFIG",
  "BROKER_URL",
  "RUNNER_NAME",
  "RUNNER_LABELS",
  "RUNNER_GROUP",
  "RUNNER_WORKDIR",
  "RUNNER_EPHEMERAL",
  "RUNNER_GRACEFUL_STOP_TIMEOUT",
  "GITHUB_HOST",
  "HTTPS_PROXY",
  "EXTRA_CA_CERTS",
  "METRICS_PORT",
] as const

const WIDTH = 110
const INDENT = "  "

/** What `--help` prints. */
export function help(): string {
  const settings = SETTINGS.map((name) => {
    const { meaning, defaultText } = variable(name)
    return [name, plain(defaultText === undefined ? meaning : `${meaning} (default: ${defaultText})`)]
  })
  const codes = Object.entries(FAILURE_MEANINGS).map(([code, meaning]): [number, string, string] => [
    EXIT_CODES[code as keyof typeof EXIT_CODES],
    code,
    meaning,
  ])
  return [
    "Usage: docker run [-e NAME=VALUE …] IMAGE [COMMAND]",
    "",
    "Commands:",
    ...table(COMMANDS),
    "Programs of the runner, such as ./bin/Runner.Listener run, mean run.",
    "",
    "Settings are environment variables; secrets may also be files, such as ACCESS_TOKEN_FILE:",
    ...table(settings),
    "",
    "Exit codes:",
    ...table([
      ["0", "", "the runner deregistered, or finished its one job"],
      ...codes.sort(([left], [right]) => left - right).map(([exit, code, meaning]) => [String(exit), code, meaning]),
    ]),
    "",
    "All settings, volumes, ports and signals: docs/RUNTIME.md",
    "",
  ].join("\n")
}

/** Without markup and references that only make sense on the reference page. */
const plain = (text: string): string => text.replaceAll("`", "").replace(", see below", "")

/** The rows, with their last column wrapped over as many lines as needed. */
function table(rows: readonly (readonly string[])[]): string[] {
  const left = Math.max(...aligned(rows.map((row) => [...row.slice(0, -1), "|"])).map((line) => line.lastIndexOf("|")))
  const lines = rows.flatMap((row) =>
    wrapped(row.at(-1) ?? "", WIDTH - left - INDENT.length).map((part, index) => [
      ...row.slice(0, -1).map((cell) => (index === 0 ? cell : "")),
      part,
    ]),
  )
  return aligned(lines, INDENT)
}

/** A text in lines of at most so many characters, but for words that are longer. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(" ")) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
