#!/bin/sh
# Runs a program that talks with a server, and ends it when it gets nowhere:
#
#   limited.sh SILENCE TOTAL PROGRAM [ARGUMENT…]
#
# SILENCE  seconds in which less than 4 KiB are read and written, by the kernel's count for the process. Not a single byte would be
#          too little to ask: Go's runtime writes eight of them to a descriptor of its own whenever it wakes a thread.
# TOTAL    seconds altogether: a server that always sends a little is never silent
#
# The program's own exit code and output; or 124, and as the last line on standard error "limit: silence SECONDS" or
# "limit: total SECONDS". Where the kernel does not count, only the total holds.
silence=$1 total=$2
least=4096
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

# Read and written so far; nothing where the kernel does not count.
bytes() {
  sum=
  while read -r name value; do
    case $name in rchar: | wchar:) sum=$((sum + value)) ;; esac
  done <"/proc/$program/io"
  echo "$sum"
}

{
  start=$(now) since=$start before=0
  while [ ! -s "$reason" ]; do
    sleep 1
    time=$(now) count=$(bytes)
    if [ -z "$count" ] || [ $((count - before)) -ge "$least" ]; then
      since=$time before=${count:-0}
    fi
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
