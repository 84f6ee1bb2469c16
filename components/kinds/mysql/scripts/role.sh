# shellcheck shell=bash
# What both roles do while mysqld runs: wait for it, say whether it may be cloned, follow changed passwords, keep the
# binary logs within their size.
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

TABLES_SQL="SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME, ' (', COALESCE(ENGINE, 'of an unknown engine'), ')')
  FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND COALESCE(ENGINE, '') <> 'InnoDB'
  AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY 1 LIMIT 6;"

# Tables of applications that a clone would leave empty, for it copies InnoDB only: the first few, on one line.
tables_not_cloned() {
  local tables
  tables=$(local_value "$TABLES_SQL") || return 1
  printf '%s' "${tables//$'\n'/, }"
}

CLONE_ACCOUNT_SQL="SELECT IF(account_locked = 'Y', 'LOCK', 'UNLOCK'), @@GLOBAL.super_read_only
  FROM mysql.user WHERE User = 'clone';"

# Fails where it is to be tried again. A replica is super_read_only again in the end; its read_only is on all the while, so
# that nobody but root could write. No statement waits for long behind one of the applier's.
set_clone_account() { # LOCK or UNLOCK
  local access='' closed='' failed='' patience="SET SESSION lock_wait_timeout = 5;"
  read -r access closed < <(local_value "$CLONE_ACCOUNT_SQL") || true
  if [[ $access != "$1" ]]; then
    local_value "$patience SET SESSION sql_log_bin = 0; SET GLOBAL super_read_only = OFF;
      ALTER USER 'clone'@'%' ACCOUNT $1;" || failed=yes
    closed=0
  fi
  if ((ORDINAL > 0)) && [[ $closed == 0 ]]; then local_value "$patience SET GLOBAL super_read_only = ON;" || return 1; fi
  [[ -z $failed ]]
}

# Opens this server to clones, or closes it while it has such tables. Each server does so for itself, outside of the binary
# log, and starts closed (accounts.sh): who asks for a clone need not know of any of this.
offered=unknown
offer_clones() {
  local tables access=UNLOCK
  tables=$(tables_not_cloned) || return 0
  [[ $tables != "$offered" ]] || return 0
  if [[ $tables ]]; then access=LOCK; fi
  set_clone_account "$access" || return 0
  if [[ $tables ]]; then
    log "a clone would leave these tables empty: $tables. Until they are converted (ALTER TABLE ... ENGINE = InnoDB; see" \
      "docs/mysql.md, \"Tables of other engines\") nobody clones this member, and its own data is never taken anew"
  elif [[ $offered != unknown ]]; then
    log "every table is InnoDB's now: this member may be cloned again"
  fi
  offered=$tables
}

take_anew() { # reason; returns where the data must not go
  local tables
  tables=$(tables_not_cloned) || return 0
  if [[ $tables ]]; then
    refuse "$1, and the data would have to be taken anew, but a clone has none of the rows of $tables"
    return 0
  fi
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
  offer_clones
  follow_accounts || true
  trim_binlogs || true
}
