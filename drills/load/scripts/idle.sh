#!/usr/bin/env bash
# The pod's first process: lives until the pod is deleted, and ends loops that nobody asked for in a while.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

trap 'exit 0' TERM INT
mkdir -p "$WORK"
rm -f "$WORK/loops" # those of a container before this one; their numbers may be other processes' now
while sleep 1; do
  lease=$(cat "$WORK/lease" 2>/dev/null || echo 0)
  printf -v seconds '%(%s)T' -1
  if ((lease > 0 && seconds - lease > PATIENCE)) && wanted; then "$BASH" "$HERE/stop.sh" || true; fi
done
