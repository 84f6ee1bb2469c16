#!/usr/bin/env bash
# members.sh HOST...: whom the watchers look at from now on. Those of other members end with their connection.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

lock
declare -A before=()
if [[ -e $WORK/members ]]; then
  while read -r host; do before[$host]=1; done <"$WORK/members"
fi
printf '%s\n' "$@" >"$WORK/members.new"
mv "$WORK/members.new" "$WORK/members"
# In a container that was started anew they come with the other loops: alone they would pass for all of these.
if [[ ! -e $WORK/loops ]] || ! wanted; then exit 0; fi
for host; do
  if [[ ! ${before[$host]-} ]]; then loop watcher "$host"; fi
done
