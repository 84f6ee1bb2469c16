# shellcheck shell=bash disable=SC2034  # the scripts that source this use what is set here
# What the loops in the client pod share. Each is a loop of MySQL's own client, as an application's would be.

set -euo pipefail

: "${DRILL_HOST:?}" "${DRILL_READ_HOST:?}" "${DRILL_USER:?}" "${DRILL_DATABASE:?}" "${DRILL_TABLE:?}" "${DRILL_TLS:?}"
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
WORK=${WORK:-/tmp/drills}
TABLE="\`$DRILL_DATABASE\`.\`$DRILL_TABLE\`"
PER_WRITER=20000000 # rows: no two writers use one number
# Seconds after which the loops end by themselves when nobody asks for them any more.
PATIENCE=${PATIENCE:-60}

# The generation of loops that runs: who starts loops anew gives them a higher number, and they have notes of their own.
generation() {
  if [[ -s $WORK/generation ]]; then cat "$WORK/generation"; else echo 0; fi
}
NOTES=$WORK/notes.$(generation)

# SQL at the host $1, each time over a connection of its own; the rest are options of the client.
sql() {
  mysql --host="$1" --user="$DRILL_USER" --ssl-mode="$DRILL_TLS" --connect-timeout=2 --batch --skip-column-names --raw \
    "${@:2}"
}

# Sets `moment`: seconds since 1970 by this pod's clock.
now() {
  if [[ ${EPOCHREALTIME-} ]]; then moment=${EPOCHREALTIME/,/.}; else moment=$(date +%s.%N); fi
}

# What the process $1 is known by: its number, which another one may have later, and when it began.
process() {
  local stat
  read -ra stat <"/proc/$1/stat" && echo "$1 ${stat[21]}"
}

# Whether idle.sh has removed what a container before this one left. A mark of that container's is none.
swept() {
  local pid began
  [[ -s $WORK.idle ]] && read -r pid began <"$WORK.idle" && [[ $(process "$pid" 2>/dev/null) == "$pid $began" ]]
}

# For the rest of this script and for those that it runs, none but these starts or ends loops: those that another start
# does not know of would go on for ever. What is done before idle.sh has swept would be swept away.
lock() {
  if [[ ${DRILL_LOCKED-} ]]; then return 0; fi
  local i
  for ((i = 0; i < 300; i++)); do
    if swept && mkdir "$WORK.lock" 2>/dev/null; then
      trap 'rmdir "$WORK.lock"' EXIT
      export DRILL_LOCKED=1
      return 0
    fi
    sleep 0.1
  done
  echo "the loops are not to be had: another start or stop does not end, or idle.sh does not run" >&2
  return 1
}

wanted() { [[ ! -e $WORK/stop ]]; }

# The script $1 in the background, in a process group of its own, by which stop.sh finds all that it started.
loop() {
  set -m
  "$BASH" "$HERE/$1.sh" "${@:2}" </dev/null >/dev/null 2>&1 &
  echo "$!" >>"$WORK/loops"
  set +m
}
