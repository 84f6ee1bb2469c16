# shellcheck shell=bash disable=SC2034  # the scripts that source this use what is set here
# What the scripts share. The pod's environment says who and where; the directories can be moved for tests.

set -euo pipefail
umask 077

: "${WORKLOAD:?}" "${SERVICE_HOST:?}"
SCRIPTS=${SCRIPTS:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)}
VOLUME=${VOLUME:-/var/lib/mysql}
RUN=${RUN:-/run/mysqld}
CONF=${CONF:-/etc/mysql/conf.d}
SETTINGS=${SETTINGS:-/etc/statefulsets/settings}
ACCOUNTS=${ACCOUNTS:-/etc/statefulsets/accounts}
HISTORY=${HISTORY:-/etc/statefulsets/history}
TLS=${TLS:-/etc/statefulsets/tls}
DATA=$VOLUME/data
INCOMING=$VOLUME/incoming
SCRATCH=$VOLUME/scratch
RECLONE=$VOLUME/reclone
SOCKET=$RUN/mysqld.sock
SETTLED=$RUN/settled

POD=${POD:-$HOSTNAME}
ORDINAL=${POD##*-}
[[ $ORDINAL =~ ^[0-9]+$ ]] || {
  echo "no ordinal at the end of the pod's name $POD" >&2
  exit 1
}

log() { printf '%(%FT%TZ)T [%s] %s\n' -1 "${0##*/}" "$*" >&2; }

host_of() { printf '%s-%s.%s' "$WORKLOAD" "$1" "$SERVICE_HOST"; }

# What the member is doing, for the probes: data, starting, following (not caught up yet), serving, refused,
# stopping.
phase() { printf '%s' "$1" >"$RUN/phase.new" && mv "$RUN/phase.new" "$RUN/phase"; }
current_phase() { cat "$RUN/phase" 2>/dev/null || echo none; }

# A pod that was deleted with --force may still run when the next one starts on its claim. One has it at a time: as long as
# any process lives that inherited the descriptor.
hold_volume() {
  local code said=''
  if [[ ${VOLUME_HELD:-} ]]; then return; fi
  trap 'exit 143' TERM INT
  exec 9<"$VOLUME"
  while :; do
    code=0
    flock --nonblock 9 || code=$?
    if ((code != 1)); then break; fi
    [[ $said ]] || log "another pod still works on this claim; waiting for its end"
    said=yes
    sleep 1
  done
  ((code == 0)) || log "flock ended with $code: nothing keeps two pods apart on this claim"
  export VOLUME_HELD=yes
}

# What the role script has settled with the server that runs now, in a word; nothing with another one. A role script that
# takes over from one that ended goes on there. run.sh takes the word away before it starts a server; that the server is
# named here is for pods whose run.sh is older than these files.
settle_role() { printf '%s %s' "$(<"$RUN/mysqld.pid")" "$1" >"$SETTLED.new" && mv "$SETTLED.new" "$SETTLED"; }
role_settled() {
  local server='' word=''
  read -r server word <"$SETTLED" || true
  if [[ $server == "$(<"$RUN/mysqld.pid")" ]]; then printf '%s' "$word"; fi
} 2>/dev/null

# How many members the stack file asks for; the file follows the ConfigMap while the pod runs.
replicas() { cat "$SETTINGS/replicas"; }

tls_options() {
  if [[ -e $TLS/ca.crt ]]; then
    printf -- '--ssl-mode=VERIFY_IDENTITY\n--ssl-ca=%s\n' "$TLS/ca.crt"
  else
    printf -- '--ssl-mode=REQUIRED\n'
  fi
}

CLIENT=(--batch --skip-column-names --raw --connect-timeout=3)

# SQL on standard input, as root, through the socket.
local_root() { mysql --defaults-file="$RUN/root.cnf" "${CLIENT[@]}" --socket="${1:-$SOCKET}"; }

local_value() { local_root <<<"$1"; }

# SQL on standard input, as the monitor account, on the member with ordinal $1.
remote() {
  local tls
  mapfile -t tls < <(tls_options)
  timeout 8 mysql --defaults-file="$RUN/monitor.cnf" "${CLIENT[@]}" "${tls[@]}" --host="$(host_of "$1")"
}

# One line about a member: read_only, server_uuid, executed, received, purged, receiver, applier.
STATE_SQL="SELECT @@GLOBAL.read_only, @@server_uuid, CONCAT('g', REPLACE(@@GLOBAL.gtid_executed, '\n', '')),
  CONCAT('g', REPLACE(COALESCE((SELECT RECEIVED_TRANSACTION_SET FROM performance_schema.replication_connection_status
    WHERE CHANNEL_NAME = ''), ''), '\n', '')),
  CONCAT('g', REPLACE(@@GLOBAL.gtid_purged, '\n', '')),
  COALESCE((SELECT SERVICE_STATE FROM performance_schema.replication_connection_status WHERE CHANNEL_NAME = ''), 'NONE'),
  COALESCE((SELECT SERVICE_STATE FROM performance_schema.replication_applier_status WHERE CHANNEL_NAME = ''), 'NONE');"

# Reads the state of the member with ordinal $1 into member_*. 0: answered; 1: there, no answer; 2: no such member.
# A name that DNS does not know is error 2005 with -2; DNS that does not answer is 2005 with -3.
ask() {
  local answer
  if answer=$(remote "$1" <<<"$STATE_SQL" 2>"$RUN/ask.$$"); then
    read -r member_read_only member_uuid member_executed member_received member_purged member_receiver \
      member_applier <<<"$answer"
    member_executed=${member_executed#g} member_received=${member_received#g} member_purged=${member_purged#g}
    member_all=$(joined "$member_executed" "$member_received")
    return 0
  fi
  member_error=$(<"$RUN/ask.$$")
  [[ $member_error == *2005*"(-2)"* || $member_error == *2005*"(-5)"* ]] && return 2
  return 1
}

# 1 or 0: whether every transaction of $1 is in $2; member $3 does the sum, and fails where it does not answer.
is_subset() { remote "$3" <<<"SELECT GTID_SUBSET('$1', '$2')" 2>/dev/null; }

# Two sets of transactions as one text.
joined() {
  local sets="$1,$2"
  sets=${sets#,}
  printf '%s' "${sets%,}"
}

# Whether the member with ordinal $1 may be cloned: it locks the account for it while it cannot be (role.sh).
offers_clones() {
  local tls refusal
  mapfile -t tls < <(tls_options)
  refusal=$(timeout 8 mysql --defaults-file="$RUN/clone.cnf" "${CLIENT[@]}" "${tls[@]}" --host="$(host_of "$1")" \
    <<<"DO 0" 2>&1) && return
  if [[ $refusal == *3118* ]]; then
    log "member $1 is not to be cloned now: it starts, or has tables that a clone would leave empty; its log names them"
  else
    log "member $1 does not let itself be cloned: ${refusal##*$'\n'}"
  fi
  return 1
}

healthy() {
  [[ $member_read_only == 0 ]] || [[ $member_receiver == ON && $member_applier == ON ]]
}

# The other ordinals there may be: those of the stack file, and beyond them as far as names are known.
each_peer() {
  local callback=$1 k code
  local last=$(($(replicas) - 1))
  for ((k = 0; ; k++)); do
    ((k == ORDINAL)) && continue
    code=0
    ask "$k" || code=$?
    ((code != 0 && k > last)) && break
    "$callback" "$k" "$code"
  done
  rm -f "$RUN/ask.$$"
}

# The servers named in a set of transactions, one a line.
servers_in() { tr ',' '\n' <<<"$1" | grep -Eo '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' | sort -u || true; }
