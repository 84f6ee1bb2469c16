#!/usr/bin/env bash
# transfer.sh ORDINAL: one backup of that member into a directory aside, proved to be whole, then in place by a rename.
# A process of its own, so that any step that fails ends it.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/claim.sh"

donor=$1
readonly SILENCE=300s # of a donor that went away; xtrabackup itself may pause for as long as it waits for a lock

fail() {
  log "$*; this clone of member $donor is thrown away"
  exit 1
}

# The position in the primary's binary log that the backup belongs to, in the one form its tool writes it in.
position_of_backup() {
  local text form
  if ((donor == 0)); then
    text=$(<"$INCOMING/xtrabackup_binlog_info")
    form=$'^([A-Za-z0-9._-]+\\.[0-9]+)[ \t]+([0-9]+)([ \t].*)?$'
  else
    text=$(<"$INCOMING/xtrabackup_slave_info")
    form="^CHANGE MASTER TO MASTER_LOG_FILE='([A-Za-z0-9._-]+\\.[0-9]+)', MASTER_LOG_POS=([0-9]+);?\$"
  fi
  [[ $text =~ $form ]] || return 1
  printf '%s\t%s' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
}

# The new primary's binary logs are numbered beyond those of the lost one: a replica that asks for a file of that one is
# told that there is none, instead of being sent other transactions under the same name.
number_beyond() { # last file of the lost primary
  : >"$INCOMING/$(printf '%s.%06d' "${1%.*}" $((10#${1##*.} + 1)))"
}

ask 0 || ((ORDINAL == 0)) || fail "the primary does not answer"
primary=${member[uuid]:-}
ask "$donor" || fail "it does not answer"
last_file=${member[Master_Log_File]:-}

rm -rf "$INCOMING"
mkdir "$INCOMING"
log "cloning member $donor"
SECONDS=0
ncat --recv-only --idle-timeout "$SILENCE" "$(host_of "$donor")" 3307 | xbstream -x -C "$INCOMING" ||
  fail "the transfer broke off"
# The tool writes this file last, and only after all went well.
[[ -s $INCOMING/xtrabackup_info ]] || fail "the transfer ended before its last file"
[[ $(<"$INCOMING/xtrabackup_checkpoints") == *"backup_type = full-backuped"* ]] || fail "this is no full backup"
log "received after $SECONDS s; preparing"
xtrabackup --prepare --target-dir="$INCOMING"
[[ $(<"$INCOMING/xtrabackup_checkpoints") == *"backup_type = full-prepared"* ]] || fail "the backup was not prepared"
[[ -d $INCOMING/mysql ]] || fail "there are no system tables in it"
if ((ORDINAL == 0)); then
  [[ $last_file =~ ^[A-Za-z0-9._-]+\.[0-9]+$ ]] || fail "it does not say which binary log it followed"
  number_beyond "$last_file"
else
  position=$(position_of_backup) || fail "its position is not in the form that xtrabackup writes"
  if ! ask 0 || [[ ${member[uuid]} != "$primary" ]]; then fail "the primary changed meanwhile"; fi
  printf '%s\t%s\n' "$position" "$primary" >"$INCOMING/clone.position"
fi
put_in_place
log "cloned member $donor in $SECONDS s"
