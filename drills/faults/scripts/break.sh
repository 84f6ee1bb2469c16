#!/usr/bin/env bash
# break.sh applier|freeze break|mend: runs in a member. `applier`: replication is received and no longer applied;
# `freeze`: the server stands still. Doing it twice does no harm.
set -euo pipefail

root() {
  local options=()
  # Where the set keeps no such file, its root has no password (the tutorial's own set).
  if [[ -e /run/mysqld/root.cnf ]]; then options=(--defaults-file=/run/mysqld/root.cnf); fi
  mysql "${options[@]}" --connect-timeout=3 --execute="$1"
}

servers() {
  local process name
  for process in /proc/[0-9]*; do
    read -r name 2>/dev/null <"$process/comm" || continue
    if [[ $name == mysqld ]]; then echo "${process#/proc/}"; fi
  done
}

signal() {
  local pids
  mapfile -t pids < <(servers)
  ((${#pids[@]})) || { echo "no mysqld runs here" >&2; return 1; }
  kill "-$1" "${pids[@]}"
}

# The word was another one before MySQL 8.0.22.
applier() { root "$1 REPLICA SQL_THREAD" 2>/dev/null || root "$1 SLAVE SQL_THREAD"; }

case "$1 $2" in
  'applier break') applier STOP ;;
  'applier mend') applier START ;;
  'freeze break') signal STOP ;;
  'freeze mend') signal CONT ;;
  *) echo "usage: break.sh applier|freeze break|mend" >&2; exit 2 ;;
esac
