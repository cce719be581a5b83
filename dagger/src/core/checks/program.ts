import type { Execution, ScheduledCheck } from "./check.js"

/** One line of the smoke program's output: number of the check, exit code, output in base64. */
const LINE = /^check (\d+) (\d+) ([A-Za-z0-9+/=]*)$/

/** How long `timeout` waits for a command to end before it kills it. */
const GRACE_SECONDS = 5

/**
 * A shell program that runs all checks and prints one line for each, so that a platform needs only one container start.
 * Output goes through a file: a process that a check left running would keep a pipe open, and the program would wait for it.
 */
export function smokeProgram(checks: readonly ScheduledCheck[]): string {
  const runs = checks.map((check, index) => (check.skip === undefined ? runOf(check, String(index)) : ""))
  return `output=$(mktemp)
run() {
  index=$1 seconds=$2
  shift 2
  env "$@" timeout --kill-after=${String(GRACE_SECONDS)} "$seconds" sh -c "$(cat)" >"$output" 2>&1 </dev/null
  code=$?
  printf 'check %s %s %s\\n' "$index" "$code" "$(base64 -w 0 <"$output")"
}
${runs.join("")}`
}

function runOf({ command, seconds, environment }: ScheduledCheck, index: string): string {
  const variables = Object.entries(environment).map(([name, value]) => quoted(`${name}=${value}`))
  const line = ["run", index, String(seconds), ...variables].join(" ")
  return `${line} <<'CHECK-${index}'\n${command}\nCHECK-${index}\n`
}

/** One word of a shell command. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** Parses the smoke program's output. */
export function readExecutions(output: string): Map<number, Execution> {
  const executions = new Map<number, Execution>()
  for (const line of output.split("\n")) {
    const [, index, exitCode, encoded] = LINE.exec(line) ?? []
    if (index === undefined || exitCode === undefined || encoded === undefined) continue
    executions.set(Number(index), {
      exitCode: Number(exitCode),
      output: Buffer.from(encoded, "base64").toString("utf8"),
    })
  }
  return executions
}
