#!/usr/bin/env bash
# The loops are still wanted. Ends with 3 where there are none: they ended because nobody asked for them in a while, or
# their container was started anew.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [[ ! -e $WORK/loops ]] || ! wanted; then exit 3; fi
printf '%(%s)T\n' -1 >"$WORK/lease.new"
mv "$WORK/lease.new" "$WORK/lease"
