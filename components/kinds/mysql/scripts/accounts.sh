#!/usr/bin/env bash
# Accounts: from the mounted Secret to what mysqld runs at start and to the option files the other scripts log in with.
# Every member applies the same statements to itself and none of them to the binary log, so that they need no primary.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${DATABASE:?}" "${APPLICATION:?}"

password_of() {
  local text
  text=$(<"$ACCOUNTS/$1")
  [[ -n $text ]] || { log "the password of $1 is empty; set it"; return 1; }
  [[ $text != *$'\n'* ]] || { log "the password of $1 has a line break; set one without"; return 1; }
  printf '%s' "$text"
}

sql_text() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\\\'}"
}

option_file() { # user, password, file
  local text=${2//\\/\\\\}
  printf '[client]\nuser=%s\npassword="%s"\nsocket=%s\n' "$1" "${text//\"/\\\"}" "$SOCKET" >"$RUN/$3.new"
  mv "$RUN/$3.new" "$RUN/$3"
}

# To a server that runs, as root with the option file $1. read_only stays on where it is, so that on a replica root alone
# could write meanwhile.
apply_as() {
  {
    echo "SET GLOBAL super_read_only = OFF;"
    # Whether a server that runs may be cloned is for its role script to say.
    sed 's/ REQUIRE SSL ACCOUNT LOCK;$/ REQUIRE SSL;/' "$RUN/accounts.sql"
    if ((ORDINAL > 0)); then echo "SET GLOBAL super_read_only = ON;"; fi
  } | mysql --defaults-file="$RUN/$1" "${CLIENT[@]}" --socket="$SOCKET"
}

account() { # name@host, password, what else is said of it
  printf 'CREATE USER IF NOT EXISTS %s IDENTIFIED BY %s%s;\n' "$1" "$(sql_text "$2")" "$3"
  printf 'ALTER USER %s IDENTIFIED BY %s%s;\n' "$1" "$(sql_text "$2")" "$3"
}

statements() {
  local application="'$APPLICATION'@'%'" schema=${DATABASE//_/\\_}
  # One statement a line: mysqld's init file knows no other form.
  echo "SET SESSION sql_log_bin = 0;"
  account "'root'@'localhost'" "$root" ""
  account "'replication'@'%'" "$replication" " REQUIRE SSL"
  echo "GRANT REPLICATION SLAVE ON *.* TO 'replication'@'%';"
  # A server that starts is no source of clones before its role script has looked at it.
  account "'clone'@'%'" "$clone" " REQUIRE SSL ACCOUNT LOCK"
  echo "GRANT BACKUP_ADMIN ON *.* TO 'clone'@'%';"
  account "'monitor'@'%'" "$monitor" " REQUIRE SSL"
  account "'monitor'@'localhost'" "$monitor" ""
  echo "GRANT REPLICATION CLIENT ON *.* TO 'monitor'@'%', 'monitor'@'localhost';"
  echo "GRANT SELECT ON performance_schema.* TO 'monitor'@'%', 'monitor'@'localhost';"
  account "$application" "$application_password" " REQUIRE SSL"
  echo "GRANT ALL PRIVILEGES ON \`$schema\`.* TO $application;"
}

root=$(password_of root)
replication=$(password_of replication)
clone=$(password_of clone)
monitor=$(password_of monitor)
application_password=$(password_of application)

statements >"$RUN/accounts.sql.new"
mv "$RUN/accounts.sql.new" "$RUN/accounts.sql"
option_file root "$root" root.next.cnf
if [[ ${1:-} == --apply ]]; then
  # The password of before; the new one where an earlier attempt came so far and no further.
  apply_as root.cnf || apply_as root.next.cnf
fi
mv "$RUN/root.next.cnf" "$RUN/root.cnf"
option_file monitor "$monitor" monitor.cnf
option_file clone "$clone" clone.cnf
printf "USER = 'replication' PASSWORD = %s" "$(sql_text "$replication")" >"$RUN/replication.sql"
sql_text "$clone" >"$RUN/clone.sql"
cat "$ACCOUNTS"/* >"$RUN/accounts.applied.new"
mv "$RUN/accounts.applied.new" "$RUN/accounts.applied"
