#!/bin/bash
# The runner calls this before each job. The first hook that fails fails the job, and the others are not run.
set -e
hook=${RUNNER_IMAGES_USER_HOOK_STARTED-}
unset RUNNER_IMAGES_USER_HOOK_STARTED
for each in "${RUNNER_IMAGES_HOOKS:-/etc/runner/hooks}"/started.d/*; do
  if [ -x "$each" ] && [ -f "$each" ]; then "$each"; fi
done
case $hook in
  "") ;;
  *.ps1) pwsh -NonInteractive -File "$hook" ;;
  *) bash -e "$hook" ;;
esac
