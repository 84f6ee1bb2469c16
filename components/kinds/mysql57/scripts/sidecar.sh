#!/usr/bin/env bash
# Container xtrabackup: sees to replication, and sends a backup to whoever asks on port 3307. If either ends, so does the
# container, and the kubelet starts it again.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

trap 'exit 143' TERM INT

watch() {
  while :; do
    "$BASH" "$SCRIPTS/replicate.sh" || true
    sleep 5
  done
}

watch &
ncat --listen --keep-open --send-only --max-conns=1 3307 -c "exec '$BASH' '$SCRIPTS/backup.sh'" &
wait -n || true
log "one of the two duties ended; starting again"
exit 1
