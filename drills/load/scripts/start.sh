#!/usr/bin/env bash
# start.sh GENERATION FIRST SKIP WRITERS READS PACE HOST...: starts the loops, in the place of those that run. The first
# writer's rows begin at FIRST; each writer leaves out SKIP of its rows, which loops before these may have sent. READS is
# 1 where the read Service is asked as well; PACE is for the writers (writer.sh); the members are at HOST... A start that
# comes late, after a start or a stop of a higher generation, fails and does nothing.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

lock
if (($(generation) >= $1)); then
  echo "a later start or stop was here before" >&2
  exit 1
fi
"$BASH" "$HERE/stop.sh"
rm -f "$WORK"/*
printf '%(%s)T\n' -1 >"$WORK/lease"
echo "$1" >"$WORK/generation"
echo "$6" >"$WORK/pace"
echo "$(($2 + PER_WRITER))" >"$WORK/end"
: >"$WORK/notes.$1"
: >"$WORK/loops"
for ((k = 0; k < $4; k++)); do loop writer "$k" $(($2 + k * PER_WRITER + $3)); done
if (($5)); then loop reader; fi
"$BASH" "$HERE/members.sh" "${@:7}"
