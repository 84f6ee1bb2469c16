#!/usr/bin/env bash
# writer.sh K FIRST: one row after another, over one connection; a row is noted once it is answered, and when. An error
# ends the connection, and the next one starts at a number that was not used yet: the row that was on its way may be there.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Ten rows every tenth of a second, and one while `slow` is there: a member that is behind must be able to catch up.
rows() { # first row
  local n=$1 last step
  while wanted; do
    step=10
    if [[ -e $WORK/slow ]]; then step=1; fi
    for ((last = n + step; n < last; n++)); do
      printf 'INSERT INTO %s (n) VALUES (%d); SELECT %d;\n' "$TABLE" "$n" "$n"
    done
    read -rt 0.1 -u "$nothing"
  done
}

note() {
  local row
  while read -r row; do
    now
    printf '%s %s\n' "$moment" "$row"
  done
}

exec {nothing}<> <(:) # a pause without a process of its own
k=$1 next=$2 notes=$WORK/acknowledged.$1
while wanted; do
  rows "$next" | sql "$DRILL_HOST" --unbuffered --skip-reconnect 2>"$WORK/error.$k" | note >>"$notes"
  now
  if wanted; then printf '%s %s\n' "$moment" "$(head -n 1 "$WORK/error.$k")" >>"$WORK/errors"; fi
  read -r _ last < <(tail -n 1 "$notes") || last=''
  if ((${last:-0} > next)); then next=$last; fi
  next=$((next + 10))
  sleep 0.1
done
