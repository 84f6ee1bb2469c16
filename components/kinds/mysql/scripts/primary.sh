#!/usr/bin/env bash
# Ordinal 0, beside mysqld: makes it writable once no other member knows of a transaction that it has not.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/role.sh"

: "${DATABASE:?}" "${SEMI_SYNC_REPLICAS:?}" "${SEMI_SYNC_TIMEOUT_MS:?}"

# Sets verdict: lead, behind (a peer has all of ours and more), parted (both have what the other has not).
compare() {
  (($2 == 0)) && [[ -n $member_all ]] || return 0
  local extra foreign
  extra=$(local_value "SELECT REPLACE(GTID_SUBTRACT('$member_all', @@GLOBAL.gtid_executed), '\n', '')")
  [[ $extra ]] || return 0
  foreign=$(servers_in "$extra" | grep -v "^$member_uuid$" || true)
  if [[ -z $foreign ]]; then
    log "member $1 has transactions of its own ($extra); it will take its data anew"
    return 0
  fi
  missing="member $1 holds $extra"
  if [[ $(local_value "SELECT GTID_SUBSET(@@GLOBAL.gtid_executed, '$member_all')") == 1 ]]; then
    [[ $verdict == parted ]] || verdict=behind
  else
    verdict=parted
  fi
}

lead() {
  # A clone brings its donor's replication settings along.
  if [[ -n $(local_value "SHOW REPLICA STATUS") ]]; then
    local_value "STOP REPLICA; RESET REPLICA ALL;"
  fi
  local_value "SET GLOBAL super_read_only = OFF;"
  # read_only is still on: none but root writes. The first transaction ever is what marks the members as one family.
  if [[ -z $(local_value "SHOW DATABASES LIKE '${DATABASE//_/\\_}'") ]]; then
    local_value "CREATE DATABASE \`$DATABASE\`;"
  fi
  if ((SEMI_SYNC_REPLICAS > 0)); then
    local_value "SET GLOBAL rpl_semi_sync_source_timeout = $SEMI_SYNC_TIMEOUT_MS;
      SET GLOBAL rpl_semi_sync_source_wait_for_replica_count = $SEMI_SYNC_REPLICAS;
      SET GLOBAL rpl_semi_sync_source_enabled = ON;"
  fi
  local_value "SET GLOBAL read_only = OFF;"
  settle_role leads
  log "writable"
}

# Once for each start of the server. A server that leads is not compared again when this script took over from one that
# ended: replicas have each commit before it shows here, and would seem to be ahead.
may_lead() {
  while :; do
    verdict=lead missing=''
    each_peer compare
    case $verdict in
      lead) return ;;
      behind) take_anew "$missing, all of ours and more" ;;
      parted) refuse "$missing, and we hold what it has not" ;;
    esac
    sleep 2
  done
}

wait_for_server
if [[ -z $(role_settled) ]]; then
  may_lead
  settle_role judged
fi
if [[ $(role_settled) == judged ]]; then lead; fi
phase serving
while :; do
  house_keeping
  sleep 10
done
