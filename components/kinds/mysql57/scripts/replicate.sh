#!/usr/bin/env bash
# One look at this pod's server: brings replication to where it should be. The sidecar runs it every few seconds, so that
# whatever cuts it short, the next run goes on.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

DATA=${DATA:-/var/lib/mysql}
PENDING=$DATA/clone.position
STARTED=$RUN/replication.started
readonly BINLOG_GONE=1236

# What was said last is kept in a file: each run is a process of its own.
tell() {
  if [[ $* != "$(cat "$RUN/told" 2>/dev/null)" ]]; then log "$@"; fi
  printf '%s' "$*" >"$RUN/told"
}

want_reclone() { # reason
  printf '%s\n' "$1" >"$DATA/reclone-wanted.new"
  mv "$DATA/reclone-wanted.new" "$DATA/reclone-wanted"
  tell "$1. This member will not serve: delete pod $POD, and it sets its data aside and clones the previous member"
  exit 0
}

# The clone's position is used once: applied to a server whose replication has never run since, and renamed only when
# that succeeded. Killed in between, it is applied again, to the same effect, for nothing but this script starts it.
apply_position() {
  local text form=$'^([A-Za-z0-9._-]+\\.[0-9]+)\t([0-9]+)\t([0-9a-f-]{36})$'
  text=$(<"$PENDING")
  [[ $text =~ $form ]] || want_reclone "the position that came with the clone is damaged"
  log "replicating from position ${BASH_REMATCH[2]} of ${BASH_REMATCH[1]}"
  local_root <<EOF
RESET SLAVE ALL;
CHANGE MASTER TO MASTER_HOST = '$(host_of 0)', MASTER_USER = 'replication', MASTER_CONNECT_RETRY = 10, MASTER_SSL = 1,
  MASTER_LOG_FILE = '${BASH_REMATCH[1]}', MASTER_LOG_POS = ${BASH_REMATCH[2]};
EOF
  printf '%s\n' "${BASH_REMATCH[3]}" >"$DATA/primary.uuid.new"
  mv "$DATA/primary.uuid.new" "$DATA/primary.uuid"
  rm -f "$STARTED"
  sync
  mv "$PENDING" "$PENDING.applied"
  sync
}

# The kubelet writes a changed Secret into the mount within a minute or so.
follow_accounts() {
  if [[ $(cat "$ACCOUNTS"/*) == "$(<"$RUN/accounts.applied")" ]]; then return; fi
  "$BASH" "$SCRIPTS/accounts.sh" --apply
  log "passwords changed"
}

# mysqld writes its pid file at each start, and never starts replication by itself.
started_before() { [[ $STARTED -nt $RUN/mysqld.pid ]]; }

# The primary whose positions this member holds: as noted at the clone, or as a set of the tutorial's own remembers.
followed() { cat "$DATA/primary.uuid" 2>/dev/null || printf '%s' "${member[Master_UUID]:-}"; }

lead() {
  if [[ ${member[Master_Host]:-} ]]; then
    log "this is the primary: forgetting whom its data replicated from"
    local_root <<<"STOP SLAVE; RESET SLAVE ALL;"
  fi
}

follow() {
  local known primary
  if [[ -e $PENDING ]]; then
    apply_position
    status_of root.cnf || exit 0
  fi
  if [[ ! ${member[Master_Host]:-} ]]; then want_reclone "it does not know from where to replicate"; fi
  if replicating; then exit 0; fi
  if ((${member[Last_IO_Errno]:-0} == BINLOG_GONE)); then want_reclone "the primary does not have the binary log that follows"; fi
  if ((${member[Last_SQL_Errno]:-0} != 0)); then
    tell "replication stopped at a statement that fails (error ${member[Last_SQL_Errno]}); a human must look"
    exit 0
  fi
  # Connecting: it tries by itself. Stopped without an error since it was started: somebody wants it so.
  if [[ ${member[Slave_IO_Running]:-} == Connecting ]] || { started_before && ((${member[Last_IO_Errno]:-0} == 0)); }; then
    exit 0
  fi
  known=$(followed)
  local ssl=${member[Master_SSL_Allowed]:-}
  ask 0 || exit 0
  primary=${member[uuid]}
  if [[ $known && $known != "$primary" ]]; then want_reclone "the primary is another one than this member followed"; fi
  if [[ $ssl != Yes ]]; then local_root <<<"CHANGE MASTER TO MASTER_SSL = 1, MASTER_PASSWORD = '';"; fi
  local_root <<<"START SLAVE $(<"$RUN/replication.sql");"
  touch "$STARTED"
  tell "replication started"
}

if [[ -e $DATA/reclone-wanted ]] || ! status_of root.cnf; then exit 0; fi
follow_accounts
if ((ORDINAL == 0)); then lead; else follow; fi
