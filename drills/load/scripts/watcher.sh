#!/usr/bin/env bash
# watcher.sh HOST: what a member shows ten times a second: its server id, whether it takes no writes, and the newest row
# of the first writer. Over one connection as long as that lasts: a client for each look would take the cores that the
# members need.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host=$1
look="SELECT @@server_id, @@GLOBAL.read_only, COALESCE((SELECT MAX(n) FROM $TABLE WHERE n < $(<"$WORK/end")), 0);
  DO SLEEP(0.1);"

watched() {
  local each
  while read -r each; do
    if [[ $each == "$host" ]]; then return 0; fi
  done <"$WORK/members"
  return 1
}

looks() {
  yes "${look//$'\n'/ }" | timeout --foreground 300 mysql --host="$host" --user="$DRILL_USER" --ssl-mode="$DRILL_TLS" \
    --connect-timeout=1 --unbuffered --batch --skip-column-names --skip-reconnect 2>/dev/null
}

while wanted && watched; do
  while read -r server read_only newest; do
    now
    printf 'look %s %s %s %s %s\n' "$moment" "$host" "$server" "$read_only" "$newest" >>"$NOTES"
  done < <(looks)
  sleep 0.2
done
