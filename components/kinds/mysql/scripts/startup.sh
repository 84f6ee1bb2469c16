#!/usr/bin/env bash
# Startup probe: mysqld has answered once. Before that it may be cloning or recovering, for as long as that takes.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case $(current_phase) in
  following | serving | refused) exit 0 ;;
  *) exit 1 ;;
esac
