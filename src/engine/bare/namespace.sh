#!/bin/bash
# The first process of an engine's own network, mount and process namespaces (see namespace.ts, which starts it there).
# Replaces /run, /sys, /etc and /var/lib with private ones, so that whatever the engine and its helpers write (resolv.conf,
# CNI's state, sockets, firewall locks) ends with the namespace, then becomes the engine's init.
#
# From the environment: STATE (state folder), SCRATCH (an empty folder in it), RUNTIME (the socket's folder, below /run),
# CONFIG (folder with engine.toml, engine.json, registry.json and resolv.conf), BINARIES, CONTENT (or empty), RUNC, REGISTRY,
# REGISTRY_LOG. Arguments: the engine's.
set -euo pipefail
cd /

# A private /run, prepared beside the host's and then moved over it.
mount -t tmpfs -o mode=0755 runner-images "$SCRATCH"
mkdir -p "$SCRATCH"/{lock,runner-images-state,sys,dagger-engine/content} "$SCRATCH"/overlay/{etc,lib}/{upper,work} "$SCRATCH${RUNTIME#/run}"
mount --bind "$STATE" "$SCRATCH/runner-images-state"
mount --bind "$RUNTIME" "$SCRATCH${RUNTIME#/run}"

# A /sys that shows this network namespace, with the host's control groups.
mount -t sysfs -o nosuid,nodev,noexec sysfs "$SCRATCH/sys"
mount --rbind /sys/fs/cgroup "$SCRATCH/sys/fs/cgroup"
mount --move "$SCRATCH/sys" /sys
mount --move "$SCRATCH" /run

for folder in etc lib; do
  target=/$folder
  [ "$folder" = etc ] || target=/var/lib
  mount -t overlay -o "lowerdir=$target,upperdir=/run/overlay/$folder/upper,workdir=/run/overlay/$folder/work" overlay "$target"
done
# The state folder itself may lie below one of those.
mkdir -p "$STATE"
mount --bind /run/runner-images-state "$STATE"

rm -f /etc/resolv.conf
install -m 0644 "$CONFIG/resolv.conf" /etc/resolv.conf
mkdir -p /etc/dagger
install -m 0644 "$CONFIG/engine.json" /etc/dagger/engine.json

install -m 0755 "$BINARIES/init" /run/dagger-engine/init
ln -s "$RUNC" /run/dagger-engine/runc
[ -z "$CONTENT" ] || mount --bind -o ro "$CONTENT" /run/dagger-engine/content

# The engine's mirror of docker.io: read-only, on this namespace's loopback, which no container can reach.
"$REGISTRY" serve "$CONFIG/registry.json" >>"$REGISTRY_LOG" 2>&1 &

# The host plugs in the network as soon as it knows this process.
for ((tries = 0; ; tries++)); do
  [ -z "$(ip -4 route show default)" ] || break
  ((tries < 200)) || { echo "namespace: the network was not plugged in" >&2; exit 1; }
  sleep 0.05
done

# Dagger's init goes by its name alone. It passes signals on and reaps what containers leave behind.
exec -a /.init /run/dagger-engine/init "$BINARIES/engine" "$@"
