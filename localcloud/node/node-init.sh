#!/usr/bin/env bash
# PID 1 of a node: the machine that a kubelet and a containerd believe they own.
# It runs in namespaces of its own (mount, network, pid, host name). When it dies, every process, mount and
# container of the node dies with it, as in a power cut, and nothing of it stays on the host.
# usage: node-init.sh NAME DIRECTORY DISKS
# DIRECTORY holds what a real node has on its disk, DISKS the files of disks that can be attached to it.
set -euo pipefail
name=$1 disk=$2 disks=$3

hostname "$name"
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
# A checkout may itself lie below /var: take hold of the disk before that is covered, or a power cut would empty it.
mkdir /run/disk /run/gce-disks
mount --bind "$disk" /run/disk
mount --bind "$disks" /run/gce-disks
disk=/run/disk
# The node writes below /var without the host seeing any of it.
mkdir -p /run/var/upper /run/var/work
mount -t overlay overlay -o lowerdir=/var,upperdir=/run/var/upper,workdir=/run/var/work /var
for directory in kubelet containerd statefulsets; do
  mkdir -p "$disk/$directory" "/var/lib/$directory"
  mount --bind "$disk/$directory" "/var/lib/$directory"
done
mkdir -p "$disk/log" /var/log/pods /run/containerd /run/cni
mount --bind "$disk/log" /var/log/pods
# Names are asked of the cluster's own DNS: the host's resolver may listen on a loopback that is not this one's.
resolver=$(readlink --canonicalize-missing /etc/resolv.conf)
if [[ ! -e $resolver ]]; then
  mkdir -p "$(dirname "$resolver")"
  touch "$resolver"
fi
mount --bind "$disk/etc/resolv.conf" "$resolver"
mount --make-rshared /

sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 2>/dev/null || echo 1 >/proc/sys/net/ipv4/ip_forward
touch /run/node-ready
# A shell reaps the orphans that PID 1 inherits whenever it waits.
while :; do
  sleep 3600 &
  wait $! || true
done
