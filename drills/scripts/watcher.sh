#!/usr/bin/env bash
# What every member says of itself, again and again; the first field numbers the rounds.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

round=0
while wanted; do
  round=$((round + 1))
  mapfile -t hosts <"$WORK/members"
  now
  "$BASH" "$HERE/state.sh" "${hosts[@]}" | sed "s/^/$round $moment /" >>"$WORK/watch"
  sleep 0.3
done
