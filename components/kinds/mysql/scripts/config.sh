#!/usr/bin/env bash
# Init container `config`: the ordinal's configuration, and the accounts' files. Written anew at every start of the pod.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if ((ORDINAL == 0)); then role=primary; else role=replica; fi

write() {
  cat >"$CONF/.$1.new"
  mv "$CONF/.$1.new" "$CONF/$1"
}

write 10-common.cnf <"$SETTINGS/common.cnf"
write 20-settings.cnf <"$SETTINGS/settings.cnf"
write 30-role.cnf <"$SETTINGS/$role.cnf"
write 40-server.cnf <<EOF
[mysqld]
# 0 is reserved, hence the 100.
server_id = $((100 + ORDINAL))
report_host = $(host_of "$ORDINAL")
EOF
if [[ -e $TLS/tls.crt ]]; then
  write 50-tls.cnf <<EOF
[mysqld]
ssl_ca = $TLS/ca.crt
ssl_cert = $TLS/tls.crt
ssl_key = $TLS/tls.key
EOF
else
  rm -f "$CONF/50-tls.cnf"
fi
"$BASH" "$SCRIPTS/accounts.sh"
log "$POD is the $role, server id $((100 + ORDINAL))"
