#!/usr/bin/env bash
# Accounts: from the mounted Secret to what mysqld runs at its start and to the option files that the scripts log in with.
# Every member applies the statements to itself, outside of the binary log. With --apply also to a server that runs.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${DATABASE:?}" "${APPLICATION:?}"

password_of() {
  local text
  text=$(<"$ACCOUNTS/$1")
  [[ $text ]] || { log "the password of $1 is empty; set it"; return 1; }
  [[ $text != *$'\n'* ]] || { log "the password of $1 has a line break; set one without"; return 1; }
  printf '%s' "$text"
}

sql_text() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\\\'}"
}

# `xtrabackup` reads [client], too. Nothing secret is ever on a command line.
option_file() { # user, password, file
  local text=${2//\\/\\\\}
  printf '[client]\nuser=%s\npassword="%s"\nhost=127.0.0.1\n' "$1" "${text//\"/\\\"}" >"$RUN/$3.new"
  mv "$RUN/$3.new" "$RUN/$3"
}

account() { # name@host, password, what TLS it needs
  printf 'CREATE USER IF NOT EXISTS %s IDENTIFIED BY %s%s;\n' "$1" "$(sql_text "$2")" "${3:-}"
  printf 'ALTER USER %s IDENTIFIED BY %s%s;\n' "$1" "$(sql_text "$2")" "${3:-}"
}

# One statement a line: mysqld's init file knows no other form.
statements() {
  local schema=${DATABASE//_/\\_}
  # The one thing that replicas get from the primary.
  if ((ORDINAL == 0)); then echo "CREATE DATABASE IF NOT EXISTS \`$DATABASE\`;"; fi
  echo "SET SESSION sql_log_bin = 0;"
  # The image's own account, which the tutorial leaves without a password.
  echo "DROP USER IF EXISTS 'root'@'%';"
  account "'root'@'localhost'" "$root"
  account "'root'@'127.0.0.1'" "$root"
  echo "GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;"
  account "'replication'@'%'" "$replication" " REQUIRE SSL"
  echo "GRANT REPLICATION SLAVE ON *.* TO 'replication'@'%';"
  account "'backup'@'127.0.0.1'" "$backup"
  echo "GRANT RELOAD, LOCK TABLES, PROCESS, REPLICATION CLIENT ON *.* TO 'backup'@'127.0.0.1';"
  account "'monitor'@'%'" "$monitor"
  account "'monitor'@'127.0.0.1'" "$monitor"
  echo "GRANT REPLICATION CLIENT ON *.* TO 'monitor'@'%', 'monitor'@'127.0.0.1';"
  account "'$APPLICATION'@'%'" "$application"
  echo "GRANT ALL PRIVILEGES ON \`$schema\`.* TO '$APPLICATION'@'%';"
}

# read_only stays on where it is, so that on a replica root alone could write meanwhile.
apply_as() { # root's option file
  {
    echo "SET GLOBAL super_read_only = OFF;"
    cat "$RUN/accounts.sql"
    if ((ORDINAL > 0)); then echo "SET GLOBAL super_read_only = ON;"; fi
  } | timeout 60 mysql --defaults-file="$RUN/$1" --connect-timeout=3
}

root=$(password_of root)
replication=$(password_of replication)
backup=$(password_of backup)
monitor=$(password_of monitor)
application=$(password_of application)

statements >"$RUN/accounts.sql.new"
mv "$RUN/accounts.sql.new" "$RUN/accounts.sql"
option_file root "$root" root.next.cnf
if [[ ${1:-} == --apply ]]; then
  # The password of before; the new one where an earlier attempt came so far and no further.
  apply_as root.cnf || apply_as root.next.cnf
fi
mv "$RUN/root.next.cnf" "$RUN/root.cnf"
option_file backup "$backup" backup.cnf
option_file monitor "$monitor" monitor.cnf
printf "USER = 'replication' PASSWORD = %s" "$(sql_text "$replication")" >"$RUN/replication.sql.new"
mv "$RUN/replication.sql.new" "$RUN/replication.sql"
cat "$ACCOUNTS"/* >"$RUN/accounts.applied.new"
mv "$RUN/accounts.applied.new" "$RUN/accounts.applied"
