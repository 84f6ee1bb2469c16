#!/usr/bin/env bash
# The primary's first data. An empty claim is a new set's only if no other member holds data and none ever did; otherwise
# it is left empty, and clone.sh fills it from the others.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/claim.sh"

trap 'exit 143' TERM INT
readonly PATIENCE=5
attempts=0

initialise() {
  log "a new, empty server"
  mysqld --no-defaults --initialize-insecure --datadir="$INCOMING"
  put_in_place
  log "initialised"
}

settle
if has_data; then exit 0; fi
# The governing Service lists this very pod: before it does, names that are not known prove nothing.
until getent hosts "$WORKLOAD" >/dev/null; do
  log_once "waiting for DNS to know the Service $WORKLOAD"
  sleep 1
done
while :; do
  look_around
  if others_suffice; then
    log "no data here, and members ${holders[*]} hold some: they will be asked for theirs"
    exit 0
  fi
  if ! was_initialised && ((silent == 0 || attempts >= PATIENCE)); then
    initialise
    exit 0
  fi
  attempts=$((attempts + 1))
  sleep 2
done
