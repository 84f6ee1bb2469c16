#!/usr/bin/env bash
# state.sh HOST...: what each member says of itself, one line each; a member that does not answer has none.
# host, server id, server uuid, read_only, super_read_only, executed transactions (- where there are none)
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

STATE="SELECT @@server_id, @@server_uuid, @@GLOBAL.read_only, @@GLOBAL.super_read_only,
  IF(@@GLOBAL.gtid_executed = '', '-', REPLACE(@@GLOBAL.gtid_executed, '\n', ''))"
for host; do
  if answer=$(timeout 5 mysql --host="$host" --user="$DRILL_USER" --ssl-mode="$DRILL_TLS" --connect-timeout=1 --batch \
    --skip-column-names --raw --execute="$STATE" 2>/dev/null); then
    printf '%s %s\n' "$host" "${answer//$'\t'/ }"
  fi
done
