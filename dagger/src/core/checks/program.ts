import type { ScheduledCheck } from "./check.js"
import type { Execution } from "./judge.js"

/** How long `timeout` waits for a command to end before it kills it. */
const GRACE_SECONDS = 5

/**
 * The fixed piece of work by which the machine's slowness is measured, once per processor at the same time, as checks run: rounds of an
 * empty loop, then starts of a program.
 */
const WORK = { rounds: 5_000, starts: 5 }

/**
 * How long the work takes on the reference machine: a server processor of 2023 without other work, under Linux 6. Checks' limits are
 * for that machine, and a slower one multiplies them. A faster one does not: limits are generous anyway. With QEMU, beside other work, such
 * work took 55 to 85 times as long, and Node.js, Python, Git and GCC 10 to 30 times: limits of emulated checks are the more generous ones.
 */
const REFERENCE_MILLISECONDS = 15

/** What hangs must end on any machine. */
const MOST_SLOWNESS = 100

/** Tells helpers how many times slower than the reference the machine is: `3.40`. */
export const SLOWNESS = "CHECKS_SLOWNESS"

const CHECK = /^check (\d+) (\d+) (\d+) (\d+)$/
const OUTPUT = /^output (\d+) ([^]*)$/

/**
 * A bash program that runs all checks that are not skipped and prints what became of them, so that a platform needs only one container start.
 * It starts few programs besides the checks' own, since under emulation each takes about as long as a small check.
 *
 * - First it measures how slow the machine is now, with what emulates it and beside whatever else it does.
 * - Checks run side by side, as many as there are processors; afterwards, those that must run alone.
 * - A check that reads another's results runs after that one, and not at all unless that one exits with 0.
 * - Output goes through files: a process that a check left running would keep a pipe open. Such processes are killed.
 *
 * @param alone run all checks one after the other
 */
export function smokeProgram(checks: readonly ScheduledCheck[], alone = false): string {
  const groups = groupsOf(checks)
  const lines = (chosen: readonly Group[], start: string) => chosen.map(({ head }) => `${start}group_${String(head)}\n`)
  const apart = (group: Group) => alone || group.members.some((index) => checks[index]?.alone !== undefined)
  return `processors=$(nproc)
folder=$(mktemp -d)

# The clock that nobody sets, in hundredths of a second.
now() {
  read -r now _ </proc/uptime
  now=$((10#\${now/./}))
}

work() {
  local i
  for ((i = 0; i < ${String(WORK.rounds)}; i++)); do :; done
  for ((i = 0; i < ${String(WORK.starts)}; i++)); do sh -c :; done
}

now
began=$now
for ((i = 0; i < ${alone ? "1" : "processors"}; i++)); do work & done
wait
now
slowness=$(((now - began) * 1000 / ${String(REFERENCE_MILLISECONDS)}))
[ "$slowness" -gt 100 ] || slowness=100
[ "$slowness" -lt ${String(MOST_SLOWNESS)}00 ] || slowness=${String(MOST_SLOWNESS)}00
printf -v ${SLOWNESS} '%d.%02d' $((slowness / 100)) $((slowness % 100))
export ${SLOWNESS}

# run INDEX HUNDREDTHS COMMAND [VARIABLE=VALUE…], where HUNDREDTHS of a second are the limit on the reference machine
run() {
  local index=$1 limit=$(($2 * slowness / 100)) command=$3 seconds began process code
  shift 3
  printf -v seconds '%d.%02d' $((limit / 100)) $((limit % 100))
  now
  began=$now
  {
    [ $# = 0 ] || export "$@"
    # It leads a process group with everything that the check starts.
    exec timeout --kill-after=${String(GRACE_SECONDS)} "$seconds" sh -c "$command"
  } >"$folder/$index.output" 2>&1 </dev/null &
  process=$!
  wait "$process"
  code=$?
  now
  kill -KILL -- "-$process" 2>/dev/null
  echo "check $index $code $((now - began)) $limit" >"$folder/$index.result"
  return "$code"
}

running=0
start() {
  if [ "$running" -lt "$processors" ]; then running=$((running + 1)); else wait -n; fi
  "$@" &
}

${groups.map((group) => functionOf(group, checks)).join("\n")}
${lines(
  groups.filter((group) => !apart(group)),
  "start ",
).join("")}wait
${lines(groups.filter(apart), "").join("")}
for ((index = 0; index < ${String(checks.length)}; index++)); do
  [ -e "$folder/$index.result" ] || continue
  read -r result <"$folder/$index.result"
  echo "$result"
  while IFS= read -r line || [ -n "$line" ]; do printf 'output %s %s\\n' "$index" "$line"; done <"$folder/$index.output"
done
`
}

/** A check, and those that read its results, by their numbers. */
interface Group {
  head: number
  members: number[]
}

function groupsOf(checks: readonly ScheduledCheck[]): Group[] {
  const groups = new Map<string, Group>()
  for (const [index, { name, after, skip }] of checks.entries()) {
    if (skip !== undefined) continue
    const group = (after === undefined ? undefined : groups.get(after)) ?? { head: index, members: [] }
    group.members.push(index)
    groups.set(name, group)
  }
  return [...new Set(groups.values())]
}

function functionOf({ head, members }: Group, checks: readonly ScheduledCheck[]): string {
  const lines = members.flatMap((index) => {
    const check = checks[index]
    if (!check) return []
    return `  ${runOf(check, index)}${index === head && members.length > 1 ? " || return" : ""}`
  })
  return `group_${String(head)}() {\n${lines.join("\n")}\n}`
}

function runOf({ command, seconds, environment }: ScheduledCheck, index: number): string {
  const variables = Object.entries(environment).map(([name, value]) => quoted(`${name}=${value}`))
  return ["run", String(index), String(Math.ceil(seconds * 100)), quoted(command), ...variables].join(" ")
}

/** One word of a shell command. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** Parses the smoke program's output: what became of each check that ran, by its name. */
export function readExecutions(checks: readonly ScheduledCheck[], output: string): Map<string, Execution> {
  const executions = new Map<string, Execution>()
  const nameOf = (index: string | undefined) => checks[Number(index)]?.name ?? ""
  for (const line of output.split("\n")) {
    const [, index, exitCode, hundredths, limit] = CHECK.exec(line) ?? []
    if (index !== undefined)
      executions.set(nameOf(index), {
        exitCode: Number(exitCode),
        output: "",
        seconds: Number(hundredths) / 100,
        limit: Number(limit) / 100,
      })
    const [, of, text] = OUTPUT.exec(line) ?? []
    const execution = executions.get(nameOf(of))
    if (execution) execution.output += `${text ?? ""}\n`
  }
  return executions
}
