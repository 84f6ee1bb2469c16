#!/usr/bin/env bash
# The pod's first process: lives until the pod is deleted, and ends loops that nobody asked for in a while.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

trap 'exit 0' TERM INT
mkdir -p "$WORK"
# Of a container before this one: the numbers of its loops may be other processes' now, and nobody starts any there.
rm -f "$WORK/loops"
rmdir "$WORK.lock" 2>/dev/null || true
process "$$" >"$WORK.idle.new"
mv "$WORK.idle.new" "$WORK.idle"

forgotten() {
  local lease seconds
  lease=$(cat "$WORK/lease" 2>/dev/null || echo 0)
  printf -v seconds '%(%s)T' -1
  ((lease > 0 && seconds - lease > PATIENCE)) && wanted
}

while sleep 1; do
  # Once more when no start is at work: those that it makes are asked for.
  if forgotten; then (lock && forgotten && "$BASH" "$HERE/stop.sh") || true; fi
done
