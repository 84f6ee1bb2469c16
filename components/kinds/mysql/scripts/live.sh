#!/usr/bin/env bash
# Liveness probe: a server that should answer does. One that clones, recovers or stops is left alone.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case $(current_phase) in
  following | serving | refused) ;;
  *) exit 0 ;;
esac
answer=$(timeout 4 mysqladmin --defaults-file="$RUN/monitor.cnf" --connect-timeout=3 ping 2>&1) && exit 0
# Too many connections is an answer.
[[ $answer == *1040* || $answer == *"Too many connections"* ]] && exit 0
echo "$answer"
exit 1
