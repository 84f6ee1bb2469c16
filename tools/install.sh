#!/usr/bin/env bash
# install.sh ENVIRONMENT FILE: installs what FILE pins, hashes and all, into a Python environment that exists.
#
# uv needs a tenth of pip's time. It is installed once per user, into the cache directory, with the pin that the
# developers' requirements have. Where it cannot be had, or does not get the packages (it reads none of pip's
# configuration, which may name an index), pip does the work and says what is wrong.
set -euo pipefail

python=$1/bin/python file=$2
pip=("$python" -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes)
pin=$(sed -n '/^uv==/,/# via/p' "$(dirname "$0")/../requirements-dev.txt")
version=${pin#uv==} version=${version%% *}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/statefulsets
uv=$cache/uv-$version

get_uv() {
  local new
  mkdir -p "$cache" && new=$(mktemp -d "$cache/uv-XXXXXX") || return
  "${pip[@]}" --only-binary :all: --target "$new" -r <(printf '%s\n' "$pin") && mv "$new/bin/uv" "$uv"
  rm -rf "$new"
}

[ -x "$uv" ] || get_uv 2>/dev/null || true
if [ -x "$uv" ] && "$uv" pip install --quiet --python "$python" --require-hashes -r "$file" 2>/dev/null; then
  exit
fi
exec "${pip[@]}" -r "$file"
