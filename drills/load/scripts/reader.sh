#!/usr/bin/env bash
# The tutorial's loop: who answers at mysql-read, each time over a new connection, and the newest row of the first
# writer that it shows.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

end=$(<"$WORK/end")
while wanted; do
  now
  if answer=$(timeout 5 mysql --host="$DRILL_READ_HOST" --user="$DRILL_USER" --ssl-mode="$DRILL_TLS" \
    --connect-timeout=2 --batch --skip-column-names \
    --execute="SELECT @@server_id, COALESCE((SELECT MAX(n) FROM $TABLE WHERE n < $end), 0)" 2>/dev/null); then
    printf 'read %s %s\n' "$moment" "${answer//$'\t'/ }" >>"$NOTES"
  elif wanted; then
    printf 'read %s failed\n' "$moment" >>"$NOTES"
  fi
  sleep 0.1
done
