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
# Last, since hooks may need what the job left. With no variable that the job may have set.
if [ -n "${RUNNER_IMAGES_CLEANING-}" ]; then
  hooks=$(/usr/bin/readlink -f "${BASH_SOURCE[0]}")
  /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 RUNNER_IMAGES_CLEANER=1 \
    "${RUNNER_IMAGES_NODE:-/usr/local/bin/node}" "${hooks%/*}/../runtime.mjs" || true
fi
exit "$code"
