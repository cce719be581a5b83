#!/bin/bash
# The first process of an engine's own network, mount and process namespaces (see namespace.ts, which starts it there).
# Replaces /run, /sys, /etc and /var/lib with private ones, so that whatever the engine and its helpers write (resolv.conf,
# CNI's state, sockets, firewall locks) ends with the namespace, then becomes the engine's init.
#
# From the environment: STATE (state folder), SCRATCH (an empty folder in it), RUNTIME (the socket's folder, below /run),
# CONFIG (folder with engine.toml, engine.json, bases.json, registry.json and resolv.conf), BASES (storage of the base images),
# BINARIES, CONTENT (or empty), RUNC, SERVER (the registry program; variables that begin with REGISTRY would be settings to it),
# BASES_PORT, USERS_PORT, LOGS (a folder).
# Arguments: the engine's.
set -euo pipefail
cd /

# mount -n: its table lies in /run, the host's at first and then ours.

# A private /run, prepared beside the host's and then moved over it.
mount -n -t tmpfs -o mode=0755 runner-images "$SCRATCH"
mkdir -p "$SCRATCH"/{lock,runner-images-state,sys,dagger-engine/content} "$SCRATCH"/overlay/{etc,lib}/{upper,work} "$SCRATCH${RUNTIME#/run}"
mount -n --bind "$STATE" "$SCRATCH/runner-images-state"
mount -n --bind "$RUNTIME" "$SCRATCH${RUNTIME#/run}"

# A /sys that shows this network namespace, with the host's control groups.
mount -n -t sysfs -o nosuid,nodev,noexec sysfs "$SCRATCH/sys"
mount -n --rbind /sys/fs/cgroup "$SCRATCH/sys/fs/cgroup"
mount -n --move "$SCRATCH/sys" /sys
mount -n --move "$SCRATCH" /run

for folder in etc lib; do
  target=/$folder
  [ "$folder" = etc ] || target=/var/lib
  mount -n -t overlay -o "lowerdir=$target,upperdir=/run/overlay/$folder/upper,workdir=/run/overlay/$folder/work" overlay "$target"
done
# The state folder itself may lie below one of those.
mkdir -p "$STATE"
mount -n --bind /run/runner-images-state "$STATE"

rm -f /etc/resolv.conf
install -m 0644 "$CONFIG/resolv.conf" /etc/resolv.conf
mkdir -p /etc/dagger
install -m 0644 "$CONFIG/engine.json" /etc/dagger/engine.json

install -m 0755 "$BINARIES/init" /run/dagger-engine/init
ln -s "$RUNC" /run/dagger-engine/runc
[ -z "$CONTENT" ] || mount -n --bind -o ro "$CONTENT" /run/dagger-engine/content

# The host plugs in the network as soon as it knows this process.
for ((tries = 0; ; tries++)); do
  [ -z "$(ip -4 route show default)" ] || break
  ((tries < 200)) || { echo "namespace: the network was not plugged in" >&2; exit 1; }
  sleep 0.05
done

# Two registries that take no writes, on this namespace's loopback, which no container can reach. The engine's mirror of
# docker.io has the instance's own base images and nothing else; what users pushed has the same name as on the host.
mount -n --bind -o ro "$BASES" "$BASES"
serve() {
  "$SERVER" serve "$CONFIG/$1.json" >"$LOGS/$1-inside.log" 2>&1 &
  for ((tries = 0; ; tries++)); do
    ! (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null || break
    kill -0 $! 2>/dev/null && ((tries < 200)) || { tail -n 5 "$LOGS/$1-inside.log" >&2; exit 1; }
    sleep 0.05
  done
}
serve bases "$BASES_PORT"
serve registry "$USERS_PORT"

# Dagger's init goes by its name alone. It passes signals on and reaps what containers leave behind.
exec -a /.init /run/dagger-engine/init "$BINARIES/engine" "$@"
