#!/usr/bin/env bash
# stop.sh PID: ends mysqld in order. An orderly shutdown answers the commits that still wait for a replica as if one had
# them ("SEMISYNC: Forced shutdown"), so the primary is first made read-only, which waits for them; if they do not end,
# the server is killed. Crash recovery keeps such commits, and nobody was told that they were done.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly PATIENCE=10
server=$1

if ((ORDINAL == 0)); then
  refusal=$(local_value "SET SESSION lock_wait_timeout = $PATIENCE; SET GLOBAL super_read_only = ON;" 2>&1) || true
  if [[ $refusal == *1205* ]]; then
    log "commits still wait for a replica after $PATIENCE s: killing the server instead of answering them"
    kill -KILL "$server"
    exit 0
  fi
  # mysqld waits 8 s for the replicas' connections to end by themselves, and nothing is left to send.
  local_value "SELECT CONCAT('KILL ', ID, ';') FROM performance_schema.processlist WHERE COMMAND LIKE 'Binlog Dump%'" |
    local_root 2>/dev/null || true
fi
kill -TERM "$server" 2>/dev/null || true
