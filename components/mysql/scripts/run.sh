#!/usr/bin/env bash
# The container's first process: brings mysqld up, watches its role, starts it again after RESTART, a crash or a decision
# to take the data anew, and stops it in order on SIGTERM.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

hold_volume
# With a parent that it knows of, mysqld leaves restarting to it and exits with 16.
export MYSQLD_PARENT_PID=$$
readonly RESTART=16 CRASHES_MAX=5 CRASHES_WITHIN=300
server='' role='' preparing='' stopping=''
crashes=()

stop() {
  stopping=yes
  phase stopping
  local pid
  for pid in $role $preparing; do kill -TERM "$pid" 2>/dev/null || true; done
  if [[ $server ]]; then "$BASH" "$SCRIPTS/stop.sh" "$server" & fi
}
trap stop TERM INT

# bash's wait returns early when a trapped signal comes: wait until the process is really gone.
await() {
  local code=0
  while :; do
    code=0
    wait "$1" || code=$?
    kill -0 "$1" 2>/dev/null || break
  done
  return "$code"
}

prepare() {
  "$BASH" "$SCRIPTS/data.sh" &
  preparing=$!
  local code=0
  await "$preparing" || code=$?
  preparing=''
  return "$code"
}

serve() {
  local script=replica.sh code=0
  if ((ORDINAL == 0)); then script=primary.sh; fi
  rm -f "$SOCKET" "$SOCKET.lock"
  mysqld --defaults-file="$SETTINGS/my.cnf" --init-file="$RUN/accounts.sql" &
  server=$!
  "$BASH" "$SCRIPTS/$script" &
  role=$!
  if [[ $stopping ]]; then stop; fi
  await "$server" || code=$?
  server=''
  kill -TERM "$role" 2>/dev/null || true
  wait "$role" 2>/dev/null || true
  role=''
  return "$code"
}

too_many_crashes() {
  local now=$SECONDS
  crashes+=("$now")
  if ((${#crashes[@]} > CRASHES_MAX)); then crashes=("${crashes[@]:1}"); fi
  ((${#crashes[@]} == CRASHES_MAX && now - crashes[0] < CRASHES_WITHIN))
}

until [[ $stopping ]]; do
  phase data
  prepare || { code=$?; [[ $stopping ]] && break; exit "$code"; }
  phase starting
  code=0
  serve || code=$?
  if [[ $stopping ]]; then break; fi
  if [[ -e $RECLONE ]] || ((code == RESTART)); then continue; fi
  log "mysqld ended with $code; starting it again"
  if too_many_crashes; then
    log "$CRASHES_MAX times within $CRASHES_WITHIN s: leaving it to the kubelet, which waits longer each time"
    exit "$code"
  fi
done
log "stopped"
