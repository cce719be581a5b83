#!/bin/bash
# A host within the host: run in network and mount namespaces of its own, where it plants what other tools leave on hosts, then
# brings an engine up and down and writes down what the host looked like before, during and after.
#
#   engine-host.sh FOLDER INSTANCE ID PROGRAM...     (ID is the instance's in host-wide names, PROGRAM the engine command)
set -euo pipefail
folder=$1 instance=$2 id=$3
shift 3

# A network without forwarding and with somebody's firewall: one table in use, the other never made.
ip link set lo up
sysctl -qw net.ipv4.ip_forward=0
iptables -N CNI-foreign
iptables -A CNI-foreign -s 198.51.100.0/24 -j ACCEPT
iptables -A FORWARD -m comment --comment "somebody's" -j CNI-foreign

# /run and /opt with somebody's files. What is written here is seen here only.
mkdir -p "$folder/layers"
mount -n -t tmpfs tmpfs "$folder/layers"
for target in run opt; do
  mkdir -p "$folder/layers/$target"/{upper,work}
  mount -n -t overlay -o "lowerdir=/$target,upperdir=$folder/layers/$target/upper,workdir=$folder/layers/$target/work" overlay "/$target"
done
rm -rf /run/runner-images /run/buildkit
mkdir -p /opt/cni/bin /run/buildkit /run/containers
echo foreign >/opt/cni/bin/bridge
echo foreign >/opt/cni/bin/foreign
echo foreign >/run/buildkit/foreign

snapshot() {
  echo "# interfaces"
  ip -o link | sed -E 's/^[0-9]+: //' | sort
  ip netns list 2>/dev/null || true
  echo "# firewall"
  iptables-save | sed -E '/^#/d; s/ \[[0-9]+:[0-9]+\]$//'
  ip6tables-save | sed -E '/^#/d; s/ \[[0-9]+:[0-9]+\]$//'
  if command -v nft >/dev/null; then nft --stateless list ruleset; fi
  echo "# settings"
  sysctl -n net.ipv4.ip_forward net.ipv4.conf.all.forwarding net.ipv4.conf.default.forwarding
  echo "# emulators"
  # The kernel has one list for all: rules of other engines come and go with whatever else runs on the real host.
  ls /proc/sys/fs/binfmt_misc | grep -E "^(register|status|qemu-.*|runner-images-$id-.*)$"
  echo "# mounts"
  cut -d' ' -f4,5,6 /proc/self/mountinfo | sort
  echo "# control groups"
  find /sys/fs/cgroup -maxdepth 2 -name "runner-images-$id" 2>/dev/null | sort
  echo "# files"
  find /opt/cni /run/buildkit /run/containers /run/dagger /run/runner-images /usr/local/bin /usr/local/share /usr/bin /usr/sbin /var/lib/cni /etc \
    -xdev -printf '%p %s %m %l %T@\n' 2>/dev/null | sort || true
  sha256sum /etc/resolv.conf /opt/cni/bin/* /run/buildkit/*
}

snapshot >"$folder/before"
eval "$("$@" up --instance "$instance")"
[ "$(dagger --silent core version)" = v0.19.10 ]
dagger --silent core container from --address debian:trixie-slim with-exec --args=true sync >/dev/null
snapshot >"$folder/during"
"$@" down --instance "$instance"
# Idempotent: nothing is left to undo, and that is no error.
"$@" down --instance "$instance"
snapshot >"$folder/after"
