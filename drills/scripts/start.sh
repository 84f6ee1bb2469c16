#!/usr/bin/env bash
# start.sh FIRST HOST...: starts the loops; the first writer's first row is FIRST, the members are at HOST...
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p "$WORK"
rm -f "$WORK"/*
printf '%(%s)T\n' -1 >"$WORK/lease"
printf '%s\n' "${@:2}" >"$WORK/members"
touch "$WORK"/{reads,watch,errors}
for ((k = 0; k < WRITERS; k++)); do
  touch "$WORK/acknowledged.$k"
  "$BASH" "$HERE/writer.sh" "$k" $(($1 + k * PER_WRITER)) </dev/null >/dev/null 2>&1 &
done
"$BASH" "$HERE/reader.sh" $(($1 + PER_WRITER)) </dev/null >/dev/null 2>&1 &
"$BASH" "$HERE/watcher.sh" </dev/null >/dev/null 2>&1 &
