#!/usr/bin/env bash
# Ends the loops, and waits for them.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

kill_clients() {
  local process name
  for process in /proc/[0-9]*; do
    read -r name 2>/dev/null <"$process/comm" || continue
    if [[ $name == mysql ]]; then kill "${process#/proc/}" 2>/dev/null; fi
  done
}

[[ -e $WORK/lease ]] || exit 0
touch "$WORK/stop"
for ((i = 0; i < 100; i++)); do
  running=0
  for loop in "${LOOPS[@]}"; do [[ -e $WORK/$loop.done ]] || running=1; done
  if ((!running)); then exit 0; fi
  kill_clients
  sleep 0.1
done
echo "the loops did not end" >&2
exit 1
