#!/bin/bash
# Runs the configured runner until it is stopped, as the real run.sh does: every end of the listener but one counts as success, and
# without RUNNER_MANUALLY_TRAP_SIG a signal to this script alone is not passed on.
here=$(dirname "$(readlink -f "$0")")

# Turns the code with which run-helper.sh ended into what is to happen: 0 to start again.
again() {
  if [ "$1" -eq 2 ]; then
    echo "Restarting runner..."
    return 0
  fi
  echo "Exiting runner..."
  return 1
}

helper() {
  cp -f "$here/run-helper.sh.template" "$here/run-helper.sh" && chmod 755 "$here/run-helper.sh"
}

if [ -z "${RUNNER_MANUALLY_TRAP_SIG-}" ]; then
  while helper; do
    "$here/run-helper.sh" "$@"
    code=$?
    again $code && continue
    [ "${ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE-}" = 1 ] && [ $code -eq 7 ] && exit 7
    exit 0
  done
  exit 1
fi

# With a process group for each job of this shell, so that the listener's can be signalled as a whole.
set -m
trap 'kill -INT -$pid' INT TERM
while helper; do
  "$here/run-helper.sh" "$@" &
  pid=$!
  wait $pid
  code=$?
  again $code && continue
  trap - INT TERM
  # A signal ended the waiting, not the listener.
  wait $pid
  exit $code
done
exit 1
