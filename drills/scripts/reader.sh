#!/usr/bin/env bash
# reader.sh END: the seed's loop: who answers at mysql-read, each time over a new connection, and the newest row of the
# first writer, whose rows end before END, that it shows.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

while wanted; do
  now
  if answer=$(timeout 5 mysql --host="$DRILL_READ_HOST" --user="$DRILL_USER" --ssl-mode="$DRILL_TLS" \
    --connect-timeout=2 --batch --skip-column-names \
    --execute="SELECT @@server_id, COALESCE((SELECT MAX(n) FROM $TABLE WHERE n < $1), 0)" 2>/dev/null); then
    printf '%s %s\n' "$moment" "${answer//$'\t'/ }" >>"$WORK/reads"
  elif wanted; then
    printf '%s failed\n' "$moment" >>"$WORK/reads"
  fi
  sleep 0.1
done
