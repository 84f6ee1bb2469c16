#!/usr/bin/env bash
# stop.sh [GENERATION]: ends the loops with all that they started, and waits for them. A start of a lower generation that
# comes after this does nothing.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

lock
if (($# && ${1:-0} > $(generation))); then echo "$1" >"$WORK/generation"; fi
if [[ ! -e $WORK/loops ]]; then exit 0; fi
touch "$WORK/stop"
mapfile -t loops <"$WORK/loops"
for ((i = 0; i < 100; i++)); do
  running=0
  for loop in ${loops[@]+"${loops[@]}"}; do
    # Each is a process group of its own.
    if kill -TERM -- "-$loop" 2>/dev/null; then running=1; fi
  done
  if ((!running)); then exit 0; fi
  sleep 0.1
done
echo "the loops did not end" >&2
exit 1
