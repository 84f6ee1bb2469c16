#!/usr/bin/env bash
# The first process of a PostgreSQL container; takes the environment variables of the upstream image. A PGDATA that is
# not empty is whole, because it only ever comes by a rename: what a first start that was cut short left lies beside it,
# in PGDATA.incoming, and is thrown away here.
set -euo pipefail

if (($# == 0)) || [[ $1 == -* ]]; then set -- postgres "$@"; fi
if [[ $1 != postgres ]]; then exec "$@"; fi

PGDATA=${PGDATA:-/var/lib/postgresql/data/pgdata}
export PGDATA=${PGDATA%/}
claim=${PGDATA%/*}
incoming=$PGDATA.incoming

log() { printf '%(%FT%TZ)T [%s] %s\n' -1 "${0##*/}" "$*" >&2; }

refuse() {
  log "$*"
  exit 1
}

# A pod that was deleted with --force may still run when the next one starts on its claim, and the server's own lock
# file, which holds a process ID, says nothing about another pod's processes. One has the claim at a time, as long as
# any process lives that inherited the descriptor, and so until the server has ended.
hold_claim() {
  local code said=''
  exec 9<"$claim"
  while :; do
    code=0
    flock --nonblock 9 || code=$?
    if ((code != 1)); then break; fi
    [[ $said ]] || log "another pod still works on this claim; waiting for its end"
    said=yes
    sleep 1
  done
  ((code == 0)) || log "flock ended with $code: nothing keeps two pods apart on this claim"
}

# A variable, else what is in the file that the variable with _FILE names.
setting() { # variable, default
  local value=${!1:-} file=$1_FILE
  file=${!file:-}
  if [[ $file ]]; then
    [[ -z $value ]] || refuse "$1 and $1_FILE are both set: one of them must go"
    [[ -r $file ]] || refuse "$1_FILE is $file, which cannot be read"
    value=$(<"$file")
  fi
  [[ $value != *$'\n'* ]] || refuse "$1 has more than one line"
  printf '%s' "${value:-${2:-}}"
}

# initdb asks for the name of its user, and a pod may run as a number that /etc/passwd does not have.
by_name() {
  local accounts
  if whoami >/dev/null 2>&1; then
    "$@"
    return
  fi
  accounts=$(mktemp)
  printf 'postgres:x:%s:%s::/nonexistent:/bin/false\n' "$(id -u)" "$(id -g)" >"$accounts"
  LD_PRELOAD=libnss_wrapper.so NSS_WRAPPER_PASSWD=$accounts NSS_WRAPPER_GROUP=/etc/group "$@"
  rm -f "$accounts"
}

first_start() {
  local content='' password user database options
  if [[ -e $PGDATA ]]; then
    content=$(ls -A "$PGDATA" 2>/dev/null) || refuse "$PGDATA cannot be read by user $(id -u)"
    [[ -z $content ]] || refuse "$PGDATA is not empty and has no PG_VERSION: no PostgreSQL data, and left as it is"
  fi
  password=$(setting POSTGRES_PASSWORD)
  user=$(setting POSTGRES_USER postgres)
  database=$(setting POSTGRES_DB "$user")
  read -ra options <<<"${POSTGRES_INITDB_ARGS:-}"
  [[ $password ]] || refuse "a first start needs POSTGRES_PASSWORD, or POSTGRES_PASSWORD_FILE"
  [[ -z ${POSTGRES_INITDB_WALDIR:-} ]] || refuse "POSTGRES_INITDB_WALDIR does nothing in this image: unset it"
  [[ ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256} == scram-sha-256 ]] ||
    refuse "POSTGRES_HOST_AUTH_METHOD can only be scram-sha-256 in this image"
  unset POSTGRES_PASSWORD

  if [[ -e $incoming ]]; then
    log "throwing away what an interrupted start left behind"
    rm -rf "$incoming"
  fi
  if [[ -e $PGDATA ]]; then
    rmdir "$PGDATA" || refuse "$PGDATA must come by a rename and cannot: is it a mount? Set PGDATA to a directory below"
  fi
  log "a new, empty cluster"
  umask 077
  # The password goes through a pipe that a builtin of this shell fills: it is in no file and on no command line. Upper
  # and lower case and the order of texts come from the server itself, so that no library's update makes indexes wrong.
  by_name initdb --pgdata="$incoming" --username="$user" --pwfile=<(printf '%s\n' "$password") \
    --auth-local=trust --auth-host=scram-sha-256 --data-checksums --no-instructions --encoding=UTF8 \
    --locale=C.UTF-8 --locale-provider=builtin --text-search-config=english \
    --set=listen_addresses='*' "${options[@]}"
  printf '\n# From other pods, as in the upstream image.\nhost all all all scram-sha-256\n' >>"$incoming/pg_hba.conf"
  if [[ $database != postgres ]]; then
    by_name postgres --single -D "$incoming" -c exit_on_error=on -c log_checkpoints=off postgres >/dev/null \
      <<<"CREATE DATABASE \"${database//\"/\"\"}\""
  fi
  by_name initdb --pgdata="$incoming" --sync-only
  mv -T "$incoming" "$PGDATA"
  sync "$claim"
  log "initialised"
}

# Until the server takes over. The first process of a container must answer signals itself.
trap 'exit 143' TERM INT
mkdir -p "$claim"
hold_claim
if [[ ! -s $PGDATA/PG_VERSION ]]; then first_start; fi
# With the pod's fsGroup the kubelet lets the group write to all of a claim, and postgres refuses such a directory.
chmod 00700 "$PGDATA" || true
unset POSTGRES_PASSWORD
# Process 1 inherits what `kubectl exec` and probes leave behind, and postgres takes the failure of a process that it
# does not know for a crash of its own, which ends all sessions. tini hands it every signal and ends as it ends.
exec tini -s -- "$@"
