#!/usr/bin/env bash
# start.sh FIRST HOST...: starts the loops; the first writer's first row is FIRST, the members are at HOST...
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p "$WORK"
rm -f "$WORK"/*
printf '%(%s)T\n' -1 >"$WORK/lease"
printf '%s\n' "${@:2}" >"$WORK/members"
touch "$WORK"/{reads,watch,errors}
# Each loop in a process group of its own, for stop.sh.
set -m
loop() { "$BASH" "$HERE/$1.sh" "${@:2}" </dev/null >/dev/null 2>&1 & echo "$!" >>"$WORK/loops"; }
for ((k = 0; k < WRITERS; k++)); do
  touch "$WORK/acknowledged.$k"
  loop writer "$k" $(($1 + k * PER_WRITER))
done
loop reader $(($1 + PER_WRITER))
loop watcher
