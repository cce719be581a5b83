#!/bin/sh
# Runs a program that talks with a server, and ends it when it gets nowhere:
#
#   limited.sh SILENCE TOTAL PROGRAM [ARGUMENT…]
#
# SILENCE  seconds without a single byte read or written, by the kernel's count for the process
# TOTAL    seconds altogether: a server that sends a byte now and then is never silent
#
# The program's own exit code and output; or 124, and as the last line on standard error "limit: silence SECONDS" or
# "limit: total SECONDS". Where the kernel does not count, only the total holds.
silence=$1 total=$2
shift 2

# Which limit was reached. A file, since it is another process that finds out.
reason=$(mktemp) || exit
trap 'rm -f "$reason"' EXIT

"$@" &
program=$!

# Whole seconds since the machine started: the clock may be set meanwhile.
now() {
  read -r uptime _ </proc/uptime
  echo "${uptime%%.*}"
}

bytes() {
  grep -s '^[rw]char' "/proc/$program/io"
}

{
  start=$(now) since=$start before=
  while [ ! -s "$reason" ]; do
    sleep 1
    time=$(now) count=$(bytes)
    [ -n "$count" ] && [ "$count" = "$before" ] || since=$time
    before=$count
    if [ $((time - since)) -ge "$silence" ]; then
      echo "limit: silence $silence" >"$reason"
    elif [ $((time - start)) -ge "$total" ]; then
      echo "limit: total $total" >"$reason"
    fi
  done
  kill -TERM "$program"
  sleep 2
  kill -KILL "$program"
} >/dev/null 2>&1 & # Nothing that it says is the program's output.
watcher=$!

wait "$program" 2>/dev/null # Where the shell says "Terminated".
code=$?
kill "$watcher" 2>/dev/null
# It may have succeeded in the very moment.
if [ "$code" -ne 0 ] && [ -s "$reason" ]; then
  cat "$reason" >&2
  exit 124
fi
exit "$code"
