#!/usr/bin/env bash
# stop.sh PID: ends mysqld in order. An orderly shutdown answers the commits that still wait for a replica as if one had
# them ("SEMISYNC: Forced shutdown"), so the primary is first made read-only, which waits for them; if they do not end,
# the server is killed. Crash recovery keeps such commits, and nobody was told that they were done.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly PATIENCE=10 # seconds, for each of the things that are waited for
server=$1

# Fails where the server does not answer.
stop_writes() {
  local refusal
  refusal=$(local_value "SET SESSION lock_wait_timeout = $PATIENCE; SET GLOBAL super_read_only = ON;" 2>&1) && return
  if [[ $refusal == *1205* ]]; then
    log "commits still wait for a replica after $PATIENCE s: killing the server instead of answering them"
    kill -KILL "$server"
    exit 0
  fi
  return 1
}

note_behind() { # ordinal, code of ask
  (($2 == 0)) && [[ $member_receiver == ON && $member_applier == ON ]] || return 0
  [[ $(local_value "SELECT GTID_SUBSET(@@GLOBAL.gtid_executed, '$member_executed')" 2>/dev/null) == 1 ]] || behind+=" $1"
}

# The claim of a primary that stops may be lost before it starts again: the replicas then have all of it. One that does not
# replicate is not waited for.
wait_for_replicas() {
  local behind
  SECONDS=0
  while :; do
    behind=''
    each_peer note_behind
    if [[ -z $behind ]]; then return; fi
    if ((SECONDS >= PATIENCE)); then break; fi
    sleep 0.2
  done
  log "stopping though these members have not applied everything yet:$behind"
}

# mysqld waits 8 s for the replicas' connections to end by themselves, and nothing is left to send.
close_replicas() {
  local_value "SELECT CONCAT('KILL ', ID, ';') FROM performance_schema.processlist WHERE COMMAND LIKE 'Binlog Dump%'" |
    local_root 2>/dev/null
}

# What a replica received and did not apply is dropped at its next start and fetched again; it may be the last who has it.
apply_received() {
  local_value "STOP REPLICA IO_THREAD;
    SELECT WAIT_FOR_EXECUTED_GTID_SET(c.RECEIVED_TRANSACTION_SET, $PATIENCE)
    FROM performance_schema.replication_connection_status c
    JOIN performance_schema.replication_applier_status a USING (CHANNEL_NAME)
    WHERE c.CHANNEL_NAME = '' AND a.SERVICE_STATE = 'ON' AND c.RECEIVED_TRANSACTION_SET <> ''" >/dev/null 2>&1
}

if ((ORDINAL == 0)); then
  if stop_writes; then
    wait_for_replicas
    close_replicas || true
  fi
else
  apply_received || true
fi
kill -TERM "$server" 2>/dev/null || true
