#!/usr/bin/env bash
# Init container clone-mysql: leaves whole data in place. Data that are there stay; an empty claim is filled from the
# previous member, and the primary's from the most advanced of the others.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/claim.sh"

# In the background, because the first process of a container must answer SIGTERM itself.
trap 'exit 143' TERM INT
transfer() {
  "$BASH" "$SCRIPTS/transfer.sh" "$1" &
  wait "$!"
}

# A donor whose own replication stands still would hand on a position that leads nowhere.
take_from_previous() {
  local donor=$((ORDINAL - 1)) primary
  if ! ask 0; then
    log_once "the primary does not answer; waiting for it"
    return 1
  fi
  primary=${member[uuid]}
  if ((donor > 0)); then
    if ! ask "$donor" || ! replicating || [[ ${member[Master_UUID]:-} != "$primary" ]]; then
      log_once "member $donor does not replicate from the primary; waiting until it does"
      return 1
    fi
  fi
  transfer "$donor"
}

# Is position file $1 $2 before $3 $4? Files of one primary are numbered.
before() {
  local a=$((10#${1##*.})) b=$((10#${3##*.}))
  ((a < b || (a == b && $2 < $4)))
}

take_most_advanced() {
  local k best='' file='' position=0 primary=''
  look_around
  others_suffice || return 1
  for k in "${holders[@]}"; do
    if ! ask "$k" || [[ ! ${member[Master_Log_File]:-} =~ \.[0-9]+$ ]]; then
      log_once "member $k holds data and does not say how far it is; waiting"
      return 1
    fi
    if [[ $primary && ${member[Master_UUID]:-} && $primary != "${member[Master_UUID]}" ]]; then
      log_once "members ${holders[*]} followed different primaries; which data to keep is a human's decision:" \
        "see docs/mysql-xtrabackup.md"
      return 1
    fi
    if [[ ${member[Master_UUID]:-} ]]; then primary=${member[Master_UUID]}; fi
    if [[ ! $best ]] || before "$file" "$position" "${member[Master_Log_File]}" "${member[Read_Master_Log_Pos]}"; then
      best=$k file=${member[Master_Log_File]} position=${member[Read_Master_Log_Pos]}
    fi
  done
  # What it received and has not applied yet is not in its data files.
  if ! ask "$best" || [[ ${member[Relay_Master_Log_File]} != "$file" || ${member[Exec_Master_Log_Pos]} != "$position" ]]; then
    log_once "waiting for member $best, the most advanced, to apply all that it received"
    return 1
  fi
  log "no data here, and member $best is the most advanced: taking its data"
  transfer "$best"
}

settle
if has_data; then
  log "data is here"
  exit 0
fi
if ((ORDINAL == 0)); then take=take_most_advanced; else take=take_from_previous; fi
until "$take"; do sleep 2; done
