#!/usr/bin/env bash
# One backup of this pod's server, as a stream on standard output. What the tool needs besides goes to memory and /tmp:
# in the data directory it would look like a database.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "${DATA:-/var/lib/mysql}"
code=0
xtrabackup --defaults-extra-file="$RUN/backup.cnf" --backup --slave-info --stream=xbstream --host=127.0.0.1 \
  --target-dir=/tmp/backup || code=$?
if ((code != 0)); then log "the backup ended with $code; whoever receives it will notice that its last file is missing"; fi
exit "$code"
