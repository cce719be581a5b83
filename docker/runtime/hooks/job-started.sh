#!/bin/bash
# The runner calls this before each job. The first hook that fails fails the job, and the others are not run.
set -e
# What is younger than this file is the job's, and is removed after it.
if [ -n "${RUNNER_IMAGES_JOB_STARTED-}" ]; then touch "$RUNNER_IMAGES_JOB_STARTED" || true; fi
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
