#!/bin/bash
# Keeps what the one who configures the runner has in the environment, for the jobs: .path for services, .env for the listener.
cd "$(dirname "$(readlink -f "$0")")" || exit 1
echo "$PATH" > .path
touch .env
for name in LANG JAVA_HOME ANT_HOME M2_HOME ANDROID_HOME ANDROID_SDK_ROOT GRADLE_HOME NVM_BIN NVM_PATH LD_LIBRARY_PATH PERL5LIB; do
  if [ -n "${!name-}" ] && ! grep -q "^$name=" .env; then
    echo "$name=${!name}" >> .env
  fi
done
