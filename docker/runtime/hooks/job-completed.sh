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
exit "$code"
