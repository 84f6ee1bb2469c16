#!/usr/bin/env bash
# Every other ordinal, beside mysqld: replicates from ordinal 0, and judges whether its own history still is the primary's.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/role.sh"

readonly PRIMARY=0
readonly UNSAFE_AFTER=3 # times in a row: an applied transaction may be ahead of the primary's own commit for a moment

follow() {
  local verify=0 ca="''"
  if [[ -e $TLS/ca.crt ]]; then verify=1 ca="'$TLS/ca.crt'"; fi
  # The password is given at each start and never stored in the server's tables.
  local_root <<EOF
STOP REPLICA;
CHANGE REPLICATION SOURCE TO
  SOURCE_HOST = '$(host_of $PRIMARY)', SOURCE_PORT = 3306, SOURCE_USER = '', SOURCE_AUTO_POSITION = 1,
  SOURCE_SSL = 1, SOURCE_SSL_CA = $ca, SOURCE_SSL_VERIFY_SERVER_CERT = $verify,
  SOURCE_HEARTBEAT_PERIOD = 1, SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 100000000;
START REPLICA $(<"$RUN/replication.sql");
EOF
}

# Sets verdict: same, unknown, purged, errant, foreign.
judge() {
  local mine extra gap
  verdict=unknown
  mine=$(local_value "SELECT REPLACE(@@GLOBAL.gtid_executed, '\n', '')") || return 0
  ask $PRIMARY || return 0
  [[ $member_read_only == 0 ]] || return 0
  read -r extra gap common < <(local_value "SELECT
    CONCAT('g', REPLACE(GTID_SUBTRACT('$mine', '$member_executed'), '\n', '')),
    CONCAT('g', REPLACE(GTID_SUBTRACT('$member_purged', CONCAT_WS(',', '$mine', (SELECT RECEIVED_TRANSACTION_SET
      FROM performance_schema.replication_connection_status WHERE CHANNEL_NAME = ''))), '\n', '')),
    GTID_SUBTRACT('$mine', '$member_executed') <> GTID_SUBTRACT('$mine', '')") || return 0
  extra=${extra#g} gap=${gap#g}
  if [[ -n $mine && $common == 0 ]]; then
    verdict=foreign reason="the primary shares no transaction with this member"
  elif [[ -n $extra ]]; then
    weigh "$extra"
  elif [[ -n $gap ]]; then
    verdict=purged reason="the primary has dropped the binary logs of $gap"
  else
    verdict=same
  fi
}

# Transactions that the primary has not: ours alone, or lost by it, or on their way (answered before they are committed).
weigh() {
  local server own
  own=$(local_value "SELECT @@server_uuid")
  verdict=same
  for server in $(servers_in "$1"); do
    case $server in
      "$own") verdict=errant reason="transactions that no other member has: $1" ;;
      "$member_uuid") ;;
      *)
        verdict=foreign reason="the primary lacks $1, which were not made here"
        return
        ;;
    esac
  done
}

receiver() {
  local_value "SELECT SERVICE_STATE, LAST_ERROR_NUMBER FROM performance_schema.replication_connection_status
    WHERE CHANNEL_NAME = ''"
}

# A receiver that gave up after an error starts again; one that somebody stopped stays stopped.
mend_receiver() {
  local state error
  read -r state error < <(receiver) || return 0
  if [[ $state == OFF ]] && ((error != 0)); then
    log "the receiver gave up with error $error; starting it again"
    local_value "START REPLICA IO_THREAD $(<"$RUN/replication.sql")"
  fi
}

# The receiver goes on with the password that it was given; it would be of no use at the next reconnect.
accounts_changed() {
  local state error
  read -r state error < <(receiver)
  if [[ $state != OFF ]]; then
    local_value "STOP REPLICA IO_THREAD; START REPLICA IO_THREAD $(<"$RUN/replication.sql")"
  fi
}

# Whether this member has what the primary had when it was judged: before that it serves nobody, and a roll-out waits.
caught_up() { [[ $(local_value "SELECT GTID_SUBSET('$member_executed', @@GLOBAL.gtid_executed)") == 1 ]]; }

pause() {
  if [[ $(current_phase) == following ]]; then sleep 0.3; else sleep 2; fi
}

wait_for_server
offer_clones # first: a member that cannot follow may be the one that has the data
# Once for each start of the server: telling it its source again drops what it received and has not applied, which nobody
# else may have, and starts what somebody stopped.
if [[ -z $(role_settled) ]]; then
  follow
  settle_role follows
fi
phase following
unsafe=0 rounds=0
while :; do
  judge
  case $verdict in
    purged) take_anew "$reason" ;;
    errant | foreign)
      unsafe=$((unsafe + 1))
      if ((unsafe >= UNSAFE_AFTER)); then
        if [[ $verdict == errant ]]; then take_anew "$reason"; fi
        refuse "$reason"
      fi
      ;;
    same)
      unsafe=0
      if [[ $(current_phase) != serving ]] && caught_up; then phase serving; fi
      mend_receiver || true
      ;;
  esac
  rounds=$((rounds + 1))
  if ((rounds % 5 == 0)); then house_keeping; fi
  pause
done
