#!/bin/sh
# Runs the configured runner until it is stopped.
if [ "$(id -u)" -eq 0 ] && [ -z "${RUNNER_ALLOW_RUNASROOT-}" ]; then
  echo "run.sh is not to be run as root or with sudo; set RUNNER_ALLOW_RUNASROOT=1 to do so all the same." >&2
  exit 1
fi
# In place of this shell, so that signals reach the listener.
exec "$(dirname "$(readlink -f "$0")")/bin/Runner.Listener" run "$@"
