# shellcheck shell=bash
# What the init containers share: the member's claim, whole. The server sees its directory `mysql` alone (the seed's
# subPath), which is whole if it is there: it only ever comes by a rename.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${DURABILITY:?}"
CLAIM=${CLAIM:-/mnt/data}
DATA=$CLAIM/mysql
INCOMING=$CLAIM/incoming

has_data() { [[ -d $DATA/mysql ]]; }

# Throws away what was cut short, and sets aside what is no data directory.
settle() {
  if [[ -e $INCOMING ]]; then
    log "throwing away what an interrupted start left behind"
    rm -rf "$INCOMING"
  fi
  if [[ -e $DATA/reclone-wanted ]]; then
    set_aside "$(<"$DATA/reclone-wanted")"
  elif ((ORDINAL > 0)) && [[ -e $DATA/xtrabackup_checkpoints && $(<"$DATA/xtrabackup_checkpoints") == *full-backuped* ]]; then
    set_aside "a clone into place that was never finished"
  elif ! has_data && [[ $(ls -A "$DATA" 2>/dev/null) ]]; then
    set_aside "files, but no system tables among them"
  fi
  if [[ $DURABILITY == discard ]]; then rm -rf "$CLAIM"/aside-*; fi
}

set_aside() { # reason
  local aside
  aside=$CLAIM/aside-$(date -u +%Y%m%dT%H%M%SZ)
  log "setting the old data aside as ${aside##*/}: $1"
  mv -T "$DATA" "$aside"
}

# An empty directory, which the kubelet makes for the subPath, gives way; anything else makes this fail.
put_in_place() {
  sync
  mv -T "$INCOMING" "$DATA"
  sync
}

# Who else holds data: ordinals into `holders`, how many members are there and do not answer into `silent`.
holders=() silent=0
look_around() {
  local k code
  holders=() silent=0
  for ((k = 0; ; k++)); do
    if ((k == ORDINAL)); then continue; fi
    code=0
    ask "$k" || code=$?
    if ((code == 2 && k >= $(replicas))); then break; fi
    if ((code == 0)); then holders+=("$k"); fi
    if ((code == 1)); then silent=$((silent + 1)); fi
  done
}

was_initialised() { [[ -e $HISTORY/initialised ]]; }

# Empty claim of the primary: 0 where others hold data and enough of them answer. Replication is asynchronous, so any of
# them may be the only one that has the last writes: a set that was up once needs all of them.
others_suffice() {
  local needed=1
  if was_initialised; then needed=$(($(replicas) - 1)); fi
  ((needed >= 1)) || needed=1
  if ((${#holders[@]} >= needed)); then return 0; fi
  if was_initialised; then
    log_once "this set held data before and this claim is empty: ${#holders[@]} of the other members answer and $needed" \
      "must. To start over with nothing: kubectl delete configmap $WORKLOAD-initialised, then pod $POD"
  fi
  return 1
}
