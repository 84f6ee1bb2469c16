#!/usr/bin/env bash
# clone.sh ORDINAL: the whole data of that member, by MySQL's clone plugin over TLS, into a directory aside; `data` comes
# by a rename when the clone is whole. A server of no other use, without network, receives it.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

donor=$1
donor_host=$(host_of "$donor")
socket=$SCRATCH.sock
server='' cloning=''

cleanup() {
  local pid
  for pid in $cloning $server; do kill -KILL "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$SCRATCH" "$SCRATCH".* "$INCOMING"
}
trap cleanup EXIT
trap 'exit 143' TERM INT

receiver=(
  --no-defaults --datadir="$SCRATCH" --socket="$socket" --pid-file="$SCRATCH.pid" --mysqlx=OFF --skip-networking
  --skip-log-bin --innodb-buffer-pool-size=64M --innodb-redo-log-capacity=8M --innodb-doublewrite=OFF
  --innodb-flush-log-at-trx-commit=0 --performance-schema-max-table-instances=200
  --performance-schema-instrument=stage/innodb/clone%=ON
)

start_receiver() {
  rm -rf "$SCRATCH" "$INCOMING"
  mysqld "${receiver[@]}" --initialize-insecure --init-file="$RUN/accounts.sql" >"$RUN/receiver.log" 2>&1
  local tls=()
  if [[ -e $TLS/ca.crt ]]; then
    tls=(--loose-clone-ssl-ca="$TLS/ca.crt" --loose-clone-ssl-cert="$TLS/tls.crt" --loose-clone-ssl-key="$TLS/tls.key")
  fi
  mysqld "${receiver[@]}" --plugin-load-add=clone=mysql_clone.so --clone-valid-donor-list="$donor_host:3306" \
    --plugin-load-add=rpl_semi_sync_source=semisync_source.so \
    --plugin-load-add=rpl_semi_sync_replica=semisync_replica.so \
    "${tls[@]}" >>"$RUN/receiver.log" 2>&1 &
  server=$!
  until local_root "$socket" <<<"SELECT 1" >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || { tail -n 5 "$RUN/receiver.log" >&2; return 1; }
    sleep 0.1
  done
}

PROGRESS_SQL="SELECT COALESCE(MAX(IF(STATE = 'In Progress', STAGE, NULL)), 'waiting'), COALESCE(SUM(ESTIMATE), 0),
  COALESCE(SUM(DATA), 0) FROM performance_schema.clone_progress;"

# Says how far it is, and ends a clone whose donor went away: the plugin itself would try to come back for minutes.
watch_clone() {
  local stage estimate bytes said='' before=-1 silent=0
  while kill -0 "$cloning" 2>/dev/null; do
    if read -r stage estimate bytes < <(local_root "$socket" <<<"$PROGRESS_SQL" 2>/dev/null | tr ' ' '_'); then
      local now
      now="$stage, $((bytes >> 20)) of $((estimate >> 20)) MiB"
      if [[ $now != "$said" ]]; then log "cloning member $donor: $now"; fi
      said=$now
      if ((bytes != before)) || ask "$donor"; then silent=0; else silent=$((silent + 1)); fi
      before=$bytes
      if ((silent >= 3)); then
        log "member $donor does not answer any more; giving this clone up"
        kill -KILL "$cloning" "$server" 2>/dev/null || true
        return 1
      fi
    fi
    sleep 0.5
  done
}

log "cloning member $donor"
SECONDS=0
start_receiver
statement="CLONE INSTANCE FROM 'clone'@'$donor_host':3306 IDENTIFIED BY $(<"$RUN/clone.sql")"
mysql --defaults-file="$RUN/root.cnf" --batch --socket="$socket" \
  <<<"$statement DATA DIRECTORY = '$INCOMING' REQUIRE SSL;" &
cloning=$!
watch_clone || exit 1
if ! wait "$cloning"; then
  cloning=''
  log "the clone of member $donor failed; it is thrown away"
  exit 1
fi
cloning=''
kill -KILL "$server" 2>/dev/null || true
wait "$server" 2>/dev/null || true
server=''
sync -f "$INCOMING"
mv "$INCOMING" "$DATA"
sync -f "$VOLUME"
log "cloned member $donor in $SECONDS s"
