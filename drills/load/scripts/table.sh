#!/usr/bin/env bash
# table.sh make|drop: the table of the drills.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

drop="DROP TABLE IF EXISTS $TABLE"
case $1 in
  make) sql "$DRILL_HOST" --execute="CREATE DATABASE IF NOT EXISTS \`$DRILL_DATABASE\`; $drop;
    CREATE TABLE $TABLE (n BIGINT PRIMARY KEY, written TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6))" ;;
  drop) sql "$DRILL_HOST" --execute="$drop" ;;
esac
