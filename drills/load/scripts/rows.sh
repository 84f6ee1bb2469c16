#!/usr/bin/env bash
# rows.sh HOST: the rows that a member has.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

sql "$1" --quick --execute="SELECT n FROM $TABLE"
