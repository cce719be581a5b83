#!/bin/bash -p
# What a container starts with. What a process starts with stays readable in /proc for as long as it lives, also for jobs, and the container's
# environment may have secrets in it, as may its arguments: so the runtime program gets both through pipes, and neither it nor the init process
# starts with them. Nor does somebody's own health check, which looks for the runner's program by name, find the name there.
# (-p: a BASH_ENV is meant for jobs.)
library=${RUNNER_IMAGES_LIBRARY:-/usr/local/lib/runner-images}
node=${RUNNER_IMAGES_NODE:-/usr/local/bin/node}
init=(/usr/bin/tini -s --)

# As who knows other images may call it.
if [ "${1-}" = /entrypoint.sh ]; then shift; fi

# The runner's supervisor lives beside jobs for long, and does little: it is to take little memory. Another program than ours runs in its
# place, with all that the container was given.
flags=()
case ${1-} in
  "" | run | Runner.Listener | */Runner.Listener | run.sh | */run.sh) flags=(--jitless --max-semi-space-size=1 --optimize-for-size) ;;
  -* | doctor | health) ;;
  *) if type -P -- "$1" > /dev/null; then exec "${init[@]}" "$@"; fi ;;
esac

exec 3< <(exec /usr/bin/env -0) 4< <([ $# = 0 ] || printf '%s\0' "$@")
exec /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LANG=C.UTF-8 \
  RUNNER_IMAGES_ENVIRONMENT_FD=3 RUNNER_IMAGES_ARGUMENTS_FD=4 "${init[@]}" "$node" "${flags[@]}" "$library/runtime.mjs"
