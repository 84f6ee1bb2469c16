# shellcheck shell=bash disable=SC2034  # the scripts that source this use what is set here
# What the scripts share. Written for the bash 4.3 and the coreutils 8.23 that the seed's images have at the least.

set -euo pipefail
umask 077

: "${WORKLOAD:?}"
SCRIPTS=${SCRIPTS:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)}
RUN=${RUN:-/run/mysqld}
SETTINGS=${SETTINGS:-/mnt/config-map}
ACCOUNTS=${ACCOUNTS:-/etc/statefulsets/accounts}
HISTORY=${HISTORY:-/etc/statefulsets/history}

POD=${POD:-$HOSTNAME}
[[ $POD =~ -([0-9]+)$ ]] || {
  echo "no ordinal at the end of the pod's name $POD" >&2
  exit 1
}
ORDINAL=${BASH_REMATCH[1]}

log() { printf '%(%FT%TZ)T [%s] %s\n' -1 "${0##*/}" "$*" >&2; }

# Says a thing when it is new; a loop that waits would say it at every turn.
said=''
log_once() {
  if [[ $* != "$said" ]]; then log "$@"; fi
  said="$*"
}

host_of() { printf '%s-%s.%s' "$WORKLOAD" "$1" "$WORKLOAD"; }

# How many members the stack file asks for; the file follows its ConfigMap while the pod runs.
replicas() { cat "$SCRIPTS/replicas"; }

# SQL on standard input, as root, to this pod's server.
local_root() { timeout 60 mysql --defaults-file="$RUN/root.cnf" --connect-timeout=3; }

# What a server says of itself, into `member`: uuid, and the columns of SHOW SLAVE STATUS by their names.
declare -A member
STATUS_SQL="SELECT @@server_uuid AS uuid; SHOW SLAVE STATUS;"
status_of() { # option file, further options
  local answer line file=$1
  shift
  member=()
  answer=$(timeout 8 mysql --defaults-file="$RUN/$file" --connect-timeout=3 --vertical "$@" <<<"$STATUS_SQL" 2>/dev/null) ||
    return 1
  while IFS= read -r line; do
    if [[ $line =~ ^[[:space:]]*([A-Za-z_]+):\ ?(.*)$ ]]; then member[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}; fi
  done <<<"$answer"
  [[ ${member[uuid]:-} ]]
}

# The member with ordinal $1, into `member`. 0: answered; 1: there, no answer; 2: no such name.
ask() {
  local host
  host=$(host_of "$1")
  member=()
  getent hosts "$host" >/dev/null || return 2
  status_of monitor.cnf --host="$host" || return 1
}

replicating() { [[ ${member[Slave_IO_Running]:-} == Yes && ${member[Slave_SQL_Running]:-} == Yes ]]; }
