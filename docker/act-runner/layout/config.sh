#!/bin/bash
# Configures the runner, or with "remove" takes its configuration away. --help lists the options.
if [ "$(id -u)" -eq 0 ] && [ -z "${RUNNER_ALLOW_RUNASROOT-}" ]; then
  echo "config.sh is not to be run as root or with sudo; set RUNNER_ALLOW_RUNASROOT=1 to do so all the same." >&2
  exit 1
fi
here=$(dirname "$(readlink -f "$0")")
cd "$here" || exit 1
"$here/env.sh"
if [ "${1-}" = remove ]; then
  exec "$here/bin/Runner.Listener" "$@"
fi
exec "$here/bin/Runner.Listener" configure "$@"
