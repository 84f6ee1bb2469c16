#!/usr/bin/env bash
# writer.sh K FIRST: rows over one connection, a few at a time; a row is noted once it is answered, and when. An error ends
# the connection, and the next one goes on with numbers that were not sent yet: what was on its way may be there.
# The file `pace` says how many rows go at a time, for how many seconds there are none then, and for how many the server
# sleeps after each (DO SLEEP).
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# None is sent before those of before are answered, so that another pace takes effect at once.
round() {
  local step pause sleep first=$next row i after=''
  read -r step pause sleep <"$WORK/pace" || return 1
  if [[ $sleep != 0 ]]; then after=" DO SLEEP($sleep);"; fi
  for ((; next < first + step; next++)); do
    printf 'INSERT INTO %s (n) VALUES (%d); SELECT %d;%s\n' "$TABLE" "$next" "$next" "$after" || true
  done 1>&"$to" 2>/dev/null
  for ((i = 0; i < step; i++)); do
    read -r row <&"$from" || return 1
    now
    printf 'row %s %s %s\n' "$moment" "$k" "$row" >>"$NOTES"
  done
  if [[ $pause != 0 ]]; then read -rt "$pause" -u "$nothing" || true; fi
}

trap '' PIPE # a connection that ended is noticed by its answers
exec {nothing}<> <(:) # a pause without a process of its own
k=$1 next=$2
while wanted; do
  # It outlives its client until its input is closed here: bash forgets the descriptors of one that has ended.
  coproc CLIENT {
    sql "$DRILL_HOST" --unbuffered --skip-reconnect 2>"$WORK/error.$k" || true
    exec >&-
    cat >/dev/null
  }
  from=${CLIENT[0]} to=${CLIENT[1]} client=$CLIENT_PID
  while wanted && round; do :; done
  eval "exec $from<&- $to>&-"
  wait "$client" || true
  now
  if wanted; then printf 'error %s %s\n' "$moment" "$(head -n 1 "$WORK/error.$k")" >>"$NOTES"; fi
  sleep 0.1
done
