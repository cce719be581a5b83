#!/bin/bash -p
# What a container starts with. What a process starts with stays readable in /proc for as long as it lives, also for jobs, and the container's
# environment may have secrets in it, as may its arguments: so the runtime program gets both through pipes, and neither it nor the init process
# starts with them. Nor does somebody's own health check, which looks for the runner's program by name, find the name there.
# (-p: a BASH_ENV is meant for jobs.)
library=${RUNNER_IMAGES_LIBRARY:-/usr/local/lib/runner-images}
node=${RUNNER_IMAGES_NODE:-/usr/local/bin/node}
init=(/usr/bin/tini -s --)

# A program that crashes leaves nothing of its memory behind, and none that it starts can change that.
ulimit -c 0

# As who knows other images may call it.
if [ "${1-}" = /entrypoint.sh ]; then shift; fi

# The runner's supervisor and its broker live beside jobs for long, and do little: they are to take little memory. Another program than ours
# runs in their place, with all that the container was given.
flags=(--disable-sigusr1)
case ${1-} in
  "" | run | Runner.Listener | */Runner.Listener | run.sh | */run.sh) flags+=(--jitless --max-semi-space-size=1 --optimize-for-size) ;;
  -* | broker | doctor | health) ;;
  *) if type -P -- "$1" > /dev/null; then exec "${init[@]}" "$@"; fi ;;
esac

# The kernel lets nobody look into a process whose program its user may not read, jobs of the same user neither. Such a program is this
# loader, which starts Node.js; and --disable-sigusr1 keeps Node.js from opening a debugger for whoever sends it that signal.
exec 3< <(exec /usr/bin/env -0) 4< <([ $# = 0 ] || printf '%s\0' "$@")
exec /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LANG=C.UTF-8 \
  RUNNER_IMAGES_ENVIRONMENT_FD=3 RUNNER_IMAGES_ARGUMENTS_FD=4 "${init[@]}" "$library/loader" "$node" "${flags[@]}" "$library/runtime.mjs"
