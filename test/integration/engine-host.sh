#!/bin/bash
# A host within the host: run in network and mount namespaces of its own, where it plants what other tools leave on hosts, then
# brings an engine up and down and writes down what the host looked like before, during and after.
#
#   engine-host.sh FOLDER INSTANCE ID PROGRAM...     (ID is the instance's in host-wide names, PROGRAM the engine command)
set -euo pipefail
folder=$1 instance=$2 id=$3
shift 3

# A network without forwarding, with a way out and an interface that is nobody's business.
unshare --net sleep infinity &
outside=$!
trap 'kill $outside' EXIT
until [ "$(readlink /proc/$outside/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
outside() { nsenter --target "$outside" --net "$@"; }
ip link set lo up
sysctl -qw net.ipv4.ip_forward=0
ip link add uplink0 type veth peer name eth0 netns "$outside"
ip address add 203.0.113.1/24 dev uplink0
ip link set uplink0 up
outside ip address add 203.0.113.2/24 dev eth0
outside ip link set eth0 up
# Whoever is outside and wants in knows the way.
outside ip route add 10.0.0.0/8 via 203.0.113.1
outside ip route add 198.18.0.0/24 via 203.0.113.1
# So that what leads nowhere is answered at once.
outside sysctl -qw net.ipv4.ip_forward=1
ip route add default via 203.0.113.2
# Without ARP and IPv6 it sends nothing but what is passed on to it.
ip link add third0 type veth peer name eth1 netns "$outside"
[ ! -e /proc/sys/net/ipv6 ] || sysctl -qw net.ipv6.conf.third0.disable_ipv6=1
ip address add 198.18.0.1/24 dev third0
ip link set third0 arp off up
outside ip link set eth1 up

# Somebody's firewall: one table in use, the other never made.
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
  sysctl net.ipv4.ip_forward net.ipv4.conf.{all,default,uplink0,third0}.forwarding
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

# A closed port answers, with a refusal. What the firewall drops does not.
knock() { # FROM... ADDRESS
  local rc=0
  "${@:1:$#-1}" timeout 2 bash -c "exec 3<>/dev/tcp/${!#}/9" 2>/dev/null || rc=$?
  [ $rc = 124 ] && echo silence || echo an answer
}
# Not from /sys, which shows the real host's interfaces here.
sent() { awk -v name="$1:" '$1 == name { print $11 }' /proc/net/dev; }
host=$(ip -o -4 address show "ri-$id" | sed -E 's/.* inet ([0-9.]+).*/\1/')
namespace=${host%.*}.$((${host##*.} + 1))
engine=$(sed -nE '/"engine": \{/,/\}/s/.*"pid": ([0-9]+).*/\1/p' "/run/runner-images/$id/record.json")
inside=$(cat "/proc/$engine/task/$engine/children")
passed=$(sent third0)
{
  echo "from the engine to the outside: $(knock nsenter --target "${inside%% *}" --net 203.0.113.2)"
  echo "from the outside to the engine: $(knock outside "$namespace")"
  echo "from the outside to a third network: $(knock outside 198.18.0.2)," \
    "$(($(sent third0) - passed)) packets passed on"
} >"$folder/reach"
"$@" down --instance "$instance"
# Idempotent: nothing is left to undo, and that is no error.
"$@" down --instance "$instance"
snapshot >"$folder/after"
