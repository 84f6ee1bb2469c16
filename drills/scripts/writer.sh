#!/usr/bin/env bash
# writer.sh K FIRST: rows over one connection, a few at a time; a row is noted once it is answered, and when. An error ends
# the connection, and the next one goes on with numbers that were not sent yet: what was on its way may be there.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Ten rows and a pause, or one while `slow` is there: a member that is behind must be able to catch up. None is sent before
# those of before are answered, so that holding back takes effect at once.
round() {
  local step=10 pause=0.05 first=$next row i
  if [[ -e $WORK/slow ]]; then step=1 pause=0.2; fi
  for ((; next < first + step; next++)); do
    printf 'INSERT INTO %s (n) VALUES (%d); SELECT %d;\n' "$TABLE" "$next" "$next"
  done 1>&"$to" 2>/dev/null
  for ((i = 0; i < step; i++)); do
    read -r row <&"$from" || return 1
    now
    printf '%s %s\n' "$moment" "$row" >>"$notes"
  done
  read -rt "$pause" -u "$nothing"
  return 0
}

trap '' PIPE # a connection that ended is noticed by its answers
exec {nothing}<> <(:) # a pause without a process of its own
k=$1 next=$2 notes=$WORK/acknowledged.$1
while wanted; do
  # It outlives its client until its input is closed here: bash forgets the descriptors of one that has ended.
  coproc CLIENT {
    sql "$DRILL_HOST" --unbuffered --skip-reconnect 2>"$WORK/error.$k"
    exec >&-
    cat >/dev/null
  }
  from=${CLIENT[0]} to=${CLIENT[1]} client=$CLIENT_PID
  while wanted && round; do :; done
  eval "exec $from<&- $to>&-"
  wait "$client"
  now
  if wanted; then printf '%s %s\n' "$moment" "$(head -n 1 "$WORK/error.$k")" >>"$WORK/errors"; fi
  sleep 0.1
done
