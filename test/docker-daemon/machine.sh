#!/bin/bash
# The first process of a machine of its own for a Docker daemon: network, processes and mounts are this machine's alone, and what the daemon
# changes on the host's files stays in memory. Nothing of it is left once this process has ended.
#
#   unshare --net --mount --pid --fork --kill-child machine.sh FOLDER ADDRESSES CGROUP
#
# FOLDER has the daemon's socket and data, and is the host's too. ADDRESSES (10.77.0.1/24) all lead to this machine.
set -eu
folder=$1 addresses=$2 cgroup=$3
root=$folder/root

ip link set lo up
ip address add "$addresses" dev lo

mkdir -p "$folder/changes" "$root"
mount -t tmpfs tmpfs "$folder/changes"
mkdir "$folder/changes/upper" "$folder/changes/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/changes/upper,workdir=$folder/changes/work" "$root"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t proc proc "$root/proc"
# No socket and no state of a Docker of the host's.
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root$folder"
mount --bind "$folder" "$root$folder"
cd "$root"
pivot_root . .
umount --lazy .
cd /

# The group's number is the one that the image has for Docker's socket, as the Actions Runner Controller has it as well.
dockerd --host "unix://$folder/docker.sock" --host unix:///run/docker.sock --group 123 --data-root "$folder/data" \
  --cgroup-parent "$cgroup" --log-level warn &
# Containers' processes that lost their parent are this one's to wait for.
wait $!
