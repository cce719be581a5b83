#!/bin/bash
# What the engine's image starts: prepares its container, which is privileged, then becomes the engine's init.
# Arguments: further ones of the engine.
set -euo pipefail
cd /
own=/usr/local/lib/dagger-engine

# Some container engines mount an empty /run.
mkdir -p /run/dagger-engine
ln -sfn "$own/init" /run/dagger-engine/init
ln -sfn "$own/content" /run/dagger-engine/content
ln -sfn "$(command -v runc)" /run/dagger-engine/runc

# In a unified hierarchy only groups without processes of their own can have groups with limits below them.
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/engine
  while read -r pid; do
    # A process may have ended meanwhile.
    echo "$pid" >/sys/fs/cgroup/engine/cgroup.procs || true
  done </sys/fs/cgroup/cgroup.procs 2>/dev/null
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control || echo "engine: the control group's $controller is not to be had"
  done
fi

# The kernel's rules for foreign programs. They outlive the container: an emulator that was opened stays usable. One that an earlier
# container has left is replaced, because its emulator may be another.
rules=/proc/sys/fs/binfmt_misc
[ -f $rules/register ] || mount -t binfmt_misc binfmt_misc $rules || true
for rule in "$own"/binfmt/*; do
  name=$(basename "$rule")
  if [ -f $rules/register ]; then
    [ ! -f "$rules/$name" ] || echo -1 >"$rules/$name"
    cat "$rule" >$rules/register || echo "engine: the kernel does not accept the rule $name: foreign programs do not run"
  else
    echo "engine: the kernel has no binfmt_misc: foreign programs do not run"
  fi
done

# The base images, on this container's own loopback. The engine asks here before it asks Docker Hub.
docker-registry serve "$own/bases.json" >/var/log/bases.log 2>&1 &
for ((tries = 0; ; tries++)); do
  ! (exec 3<>/dev/tcp/127.0.0.1/"$BASES_PORT") 2>/dev/null || break
  kill -0 $! 2>/dev/null && ((tries < 200)) || { echo "engine: the base images are not served:" >&2; tail -n 5 /var/log/bases.log >&2; exit 1; }
  sleep 0.05
done

# Dagger's init goes by its name alone. It passes signals on and reaps what containers leave behind.
exec -a /.init "$own/init" dagger-engine --config /etc/dagger/engine.toml "$@"
