#!/bin/bash
# The runner calls this after each job. Hooks clean up, so that all of them are run; the first failure among them fails the job.
code=0
note() { [ "$code" -ne 0 ] || code=$1; }
hook=${RUNNER_IMAGES_USER_HOOK_COMPLETED-}
unset RUNNER_IMAGES_USER_HOOK_COMPLETED
for each in "${RUNNER_IMAGES_HOOKS:-/etc/runner/hooks}"/completed.d/*; do
  if [ -x "$each" ] && [ -f "$each" ]; then "$each" || note $?; fi
done
case $hook in
  "") ;;
  *.ps1) pwsh -NonInteractive -File "$hook" || note $? ;;
  *) bash -e "$hook" || note $? ;;
esac
# Last, since hooks may need what the job left. A job may have set options for its own Node.js.
if [ -n "${RUNNER_IMAGES_CLEANING-}" ]; then
  cd / && env -u NODE_OPTIONS -u NODE_PATH RUNNER_IMAGES_CLEANER=1 "$RUNNER_IMAGES_NODE" "$(dirname "$0")/../runtime.mjs" || true
fi
exit "$code"
