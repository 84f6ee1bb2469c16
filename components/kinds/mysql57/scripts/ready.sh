#!/usr/bin/env bash
# Readiness probe: a query over TCP, as the seed has it; of a replica also that it applies, and that it is not far behind.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly MOST_SECONDS_BEHIND=60

no() {
  echo "$*"
  exit 1
}

status_of monitor.cnf || no "no answer"
if ((ORDINAL == 0)); then
  [[ ! ${member[Master_Host]:-} ]] || no "the primary still replicates from another"
  exit 0
fi
[[ ${member[Slave_SQL_Running]:-No} == Yes ]] || no "replication does not apply"
# Connecting: the primary is away, and nothing is written meanwhile.
[[ ${member[Slave_IO_Running]:-No} != No ]] || no "replication does not receive"
behind=${member[Seconds_Behind_Master]:-NULL}
[[ $behind == NULL ]] || ((behind <= MOST_SECONDS_BEHIND)) || no "$behind s behind the primary"
