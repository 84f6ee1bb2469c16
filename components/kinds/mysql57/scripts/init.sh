#!/usr/bin/env bash
# Init container init-mysql: the ordinal's configuration, the accounts' files, and on an empty claim of a new set the
# first data. Written anew at every start of the pod.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

CONF=${CONF:-/mnt/conf.d}
if ((ORDINAL == 0)); then role=primary; else role=replica; fi

# 0 is reserved, hence the 100.
printf '[mysqld]\nserver-id=%s\n' $((100 + ORDINAL)) >"$CONF/server-id.cnf"
cp "$SETTINGS/$role.cnf" "$CONF/$role.cnf"
cp "$SCRIPTS/common.cnf" "$CONF/statefulsets.cnf"
"$BASH" "$SCRIPTS/accounts.sh"
log "$POD is the $role, server id $((100 + ORDINAL))"
if ((ORDINAL == 0)); then exec "$BASH" "$SCRIPTS/first.sh"; fi
