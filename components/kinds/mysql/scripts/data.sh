#!/usr/bin/env bash
# Init container `data`: leaves a whole data directory in place, or none. A directory named `data` is whole, because it
# only ever comes by a rename; whatever was cut short lies beside it and is thrown away here.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${DURABILITY:?}" "${SEMI_SYNC_REPLICAS:?}"

hold_volume

settle() {
  if [[ -e $INCOMING || -e $SCRATCH ]]; then
    log "throwing away what an interrupted start left behind"
    rm -rf "$INCOMING" "$SCRATCH" "$SCRATCH".*
  fi
  if [[ -e $RECLONE ]]; then
    if [[ -e $DATA ]]; then set_aside; fi
    rm -f "$RECLONE"
  fi
  if [[ $DURABILITY == discard ]]; then rm -rf "$VOLUME"/aside-*; fi
}

set_aside() {
  local aside
  aside=$VOLUME/aside-$(date -u +%Y%m%dT%H%M%SZ)
  log "setting the old data aside: $(<"$RECLONE")"
  cp "$RECLONE" "$DATA/SET-ASIDE-BECAUSE"
  mv "$DATA" "$aside"
  if [[ $DURABILITY == keep ]]; then log "the old data stays in ${aside##*/}; delete it when it is of no use"; fi
}

initialise() {
  log "a new, empty server"
  mysqld --no-defaults --initialize-insecure --init-file="$RUN/accounts.sql" --datadir="$INCOMING" --mysqlx=OFF
  sync -f "$INCOMING"
  mv "$INCOMING" "$DATA"
  sync -f "$VOLUME"
  log "initialised"
}

# Empty claim of a replica: the previous healthy member, else the next nearest.
take_from_a_donor() {
  local k
  while :; do
    for ((k = ORDINAL - 1; k >= 0; k--)); do try_donor "$k" && return; done
    for ((k = ORDINAL + 1; k < $(replicas); k++)); do try_donor "$k" && return; done
    log "no healthy member to clone from; waiting for one"
    sleep 2
  done
}

try_donor() {
  ask "$1" || return 1
  healthy || return 1
  offers_clones "$1" || return 1
  clone_from "$1"
}

# In the background, because the first process of a container must answer SIGTERM itself.
cloning=''
clone_from() {
  local code=0
  "$BASH" "$SCRIPTS/clone.sh" "$1" &
  cloning=$!
  wait "$cloning" || code=$?
  cloning=''
  return "$code"
}

stop() {
  if [[ $cloning ]]; then kill -TERM "$cloning" 2>/dev/null || true; fi
  exit 143
}
trap stop TERM INT

# Empty claim of the primary: what the others hold decides, not that this one is empty.
peers=() sets=() silent=0
note_peer() {
  if (($2 == 0)) && [[ -n $member_all ]]; then
    peers+=("$1")
    sets+=("$member_all")
  elif (($2 == 1)); then
    silent=$((silent + 1))
  fi
}

look_around() {
  peers=() sets=() silent=0
  each_peer note_peer
}

was_initialised() { [[ -e $HISTORY/initialised ]]; }

take_or_initialise() {
  local attempts=0 needed
  while :; do
    look_around
    if was_initialised; then
      # An answered write is on SEMI_SYNC_REPLICAS of the others: with this many of them in sight, one has it.
      needed=$(($(replicas) - 1 - SEMI_SYNC_REPLICAS + 1))
      ((needed >= 1)) || needed=1
      if ((${#peers[@]} >= needed)); then take_most_advanced && return; fi
      log "this set held data before and this claim is empty: ${#peers[@]} of the other members answer and $needed must," \
        "so that no answered write is missed. To start over with nothing: kubectl delete configmap" \
        "$WORKLOAD-initialised, then pod $POD"
    elif ((${#peers[@]} > 0)); then
      take_most_advanced && return
    elif ((silent == 0 || attempts >= 5)); then
      initialise
      return
    fi
    attempts=$((attempts + 1))
    sleep 1
  done
}

take_most_advanced() {
  local i best=0 newer theirs donor=''
  for ((i = 1; i < ${#peers[@]}; i++)); do
    newer=$(is_subset "${sets[best]}" "${sets[i]}" "${peers[i]}") || return 1
    if ((newer)); then best=$i; fi
  done
  for ((i = 0; i < ${#peers[@]}; i++)); do
    newer=$(is_subset "${sets[i]}" "${sets[best]}" "${peers[best]}") || return 1
    if ((!newer)); then
      log "members ${peers[i]} and ${peers[best]} each hold transactions that the other has not; which to keep is a" \
        "human's decision: see docs/mysql.md, \"Histories that part\""
      return 1
    fi
  done
  theirs=${sets[best]}
  for ((i = 0; i < ${#peers[@]}; i++)); do
    newer=$(is_subset "$theirs" "${sets[i]}" "${peers[i]}") || return 1
    if ((newer)) && offers_clones "${peers[i]}"; then
      donor=${peers[i]}
      break
    fi
  done
  [[ $donor ]] || return 1
  log "no data here, and member $donor is the most advanced: taking its data"
  # What it received and has not applied yet is not in its data files.
  until ask "$donor" && [[ $(is_subset "$theirs" "$member_executed" "$donor") == 1 ]]; do
    log "waiting for member $donor to apply all that it received"
    sleep 1
  done
  clone_from "$donor"
}

phase data
settle
if [[ -e $DATA ]]; then
  log "data is here"
elif ((ORDINAL == 0)); then
  take_or_initialise
else
  take_from_a_donor
fi
