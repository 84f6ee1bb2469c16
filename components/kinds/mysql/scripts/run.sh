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

start_role() { # seconds to wait before
  {
    sleep "$1"
    exec "$BASH" "$SCRIPTS/$script"
  } &
  role=$!
}

# Whoever ends the role script ends the judging of the data, the mending, the trimming and the following of passwords: it
# is started again, and the member is not Ready before the new one has looked around.
role_ended() {
  role=''
  if [[ $stopping ]]; then return; fi
  if [[ -e $RECLONE ]]; then # on purpose, or killed before it came to stopping the server
    phase data
    kill -TERM "$server" 2>/dev/null || true
    return
  fi
  case $(current_phase) in serving | refused) phase following ;; esac
  log "$script ended, which it should not; starting it again"
  start_role 1
  if [[ $stopping ]]; then kill -TERM "$role" 2>/dev/null || true; fi
}

serve() {
  local script=replica.sh code=0
  if ((ORDINAL == 0)); then script=primary.sh; fi
  # The directory outlives the container, whose next mysqld may well have the same process ID.
  rm -f "$SOCKET" "$SOCKET.lock" "$SETTLED"
  mysqld --defaults-file="$SETTINGS/my.cnf" --init-file="$RUN/accounts.sql" &
  server=$!
  start_role 0
  if [[ $stopping ]]; then stop; fi
  while kill -0 "$server" 2>/dev/null; do
    # Once a signal came, `wait -n` of bash 5.1 returns at once, again and again; and no role is started any more.
    if [[ $stopping ]]; then
      wait "$server" || true
      continue
    fi
    if [[ $role ]] && ! kill -0 "$role" 2>/dev/null; then role_ended; fi
    # Back when one of them ends, and when a signal comes.
    wait -n "$server" ${role:+"$role"} || true
  done
  wait "$server" || code=$?
  server=''
  if [[ $role ]]; then
    kill -TERM "$role" 2>/dev/null || true
    wait "$role" 2>/dev/null || true
  fi
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
