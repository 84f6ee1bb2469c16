# shellcheck shell=bash
# What both roles do while mysqld runs: wait for it, follow changed passwords, keep the binary logs within their size.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${BINLOG_MAX_BYTES:?}"

wait_for_server() {
  until local_root <<<"SELECT 1" >/dev/null 2>&1; do sleep 0.1; done
}

# The kubelet writes a changed Secret into the mount within a minute or so.
follow_accounts() {
  [[ $(cat "$ACCOUNTS"/*) != "$(<"$RUN/accounts.applied")" ]] || return 0
  "$BASH" "$SCRIPTS/accounts.sh" --apply || return 0
  log "passwords changed"
  accounts_changed
}

# For a role to say what else follows.
accounts_changed() { :; }

# The newest ones stay, as many as fit; one that a replica still needs makes it clone again, which is what a limit costs.
trim_binlogs() {
  local name size rest total=0 keep=''
  while read -r name size rest; do
    total=$((total + size))
    if ((total > BINLOG_MAX_BYTES)); then break; fi
    keep=$name
  done < <(local_value "SHOW BINARY LOGS" | tac)
  if ((total > BINLOG_MAX_BYTES)) && [[ $keep ]]; then
    log "binary logs exceed $BINLOG_MAX_BYTES bytes: dropping those before $keep"
    local_value "PURGE BINARY LOGS TO '$keep'"
  fi
}

take_anew() { # reason
  log "$1; the data will be taken anew"
  printf '%s\n' "$1" >"$RECLONE.new"
  sync -f "$RECLONE.new"
  mv "$RECLONE.new" "$RECLONE"
  phase data
  kill -TERM "$(<"$RUN/mysqld.pid")"
  exit 0
}

refuse() { # reason
  if [[ $(current_phase) != refused ]]; then log "$1; this member will not serve until a human decides: docs/mysql.md"; fi
  phase refused
}

house_keeping() {
  follow_accounts || true
  trim_binlogs || true
}
